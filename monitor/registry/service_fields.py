"""Fields of a service that may be set: each declared once, where it is declared.

The dataclass ServiceResource says of each its name, type and default, and with *said*
what else there is to know: columns, models of /v1 and the page's form are derived.
"""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

KEY: Final = "service field"


class FieldKind(StrEnum):
    TEXT = "text"
    LINES = "lines"
    FLAG = "flag"
    WHOLE = "whole"
    NUMBER = "number"
    CHOICE = "choice"


KINDS: Final = {
    str: FieldKind.TEXT,
    tuple: FieldKind.LINES,
    bool: FieldKind.FLAG,
    int: FieldKind.WHOLE,
    float: FieldKind.NUMBER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a declaration says beside name, type and default.

    The bounds are of a number, of a text's length or of how many lines there are;
    *above* is one that a number must exceed. *falls_back_to* is the setting that holds
    where the field is null. *note* goes into /openapi.json; *label*, *hint* and the
    words of *choices* onto the page. Not *has_column*: kept in a table of its own.
    """

    label: str
    hint: str = ""
    note: str | None = None
    minimum: int | None = None
    above: int | None = None
    maximum: int | None = None
    falls_back_to: str = ""
    placeholder: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    has_column: bool = True
    is_long: bool = False
    is_at_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceField:
    """A field of a service, as it was declared; *type* is without its None."""

    name: str
    kind: FieldKind
    type: Any
    default: Any
    may_be_null: bool
    is_required: bool
    said: Said

    @property
    def hint(self) -> str:
        fallback = self.said.falls_back_to
        said = (self.said.hint, f"Empty: {fallback}." if fallback else "")
        return " ".join(part for part in said if part)

    def in_json(self, value: Any) -> Any:
        return list(value) if self.kind is FieldKind.LINES else value

    def read(self, value: Any) -> Any:
        """What a row or a file holds, as the dataclass has it. Raises ValueError."""
        match self.kind:
            case FieldKind.LINES:
                return tuple(value)
            case FieldKind.CHOICE:
                return self.type(value)
            case _:
                return value


def said(**what: Any) -> dict[str, Said]:
    """What the metadata of a dataclass's field holds."""
    return {KEY: Said(**what)}


def declared_in(resource: type) -> tuple[ServiceField, ...]:
    """The fields of *resource* that may be set, in their order."""
    hints = get_type_hints(resource)
    return tuple(
        _declared(field, hints[field.name])
        for field in dataclasses.fields(resource)
        if KEY in field.metadata
    )


def _declared(field: dataclasses.Field[Any], hint: Any) -> ServiceField:
    parts = get_args(hint)
    may_be_null = NoneType in parts
    type = next(part for part in parts if part is not NoneType) if may_be_null else hint
    is_required = field.default is dataclasses.MISSING
    return ServiceField(
        name=field.name,
        kind=_kind_of(type),
        type=type,
        default=None if is_required else field.default,
        may_be_null=may_be_null,
        is_required=is_required,
        said=field.metadata[KEY],
    )


def _kind_of(type: Any) -> FieldKind:
    made_of = get_origin(type) or type
    return FieldKind.CHOICE if issubclass(made_of, StrEnum) else KINDS[made_of]
