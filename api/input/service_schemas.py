"""Models of the bodies that register and change a service, from its declared fields."""

from types import GenericAlias
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, create_model

from api.input.addresses import BaseUrl, Host
from api.input.values import Name, Rule, described
from monitor.endpoints.by_hand import MAX_TEMPLATE_LENGTH, problem_of
from monitor.registry.resources import SERVICE_FIELDS
from monitor.registry.service_fields import FieldKind, ServiceField

# Texts, and the lines of lists, that code checks.
TEXTS: dict[str, Any] = {
    "name": Name,
    "base_url": BaseUrl,
    "hosts": Host,
    "redact_fields": Rule,
}


def _template(template: str) -> str:
    reason = problem_of(template)
    if reason is not None:
        raise ValueError(reason)
    return template


Template = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TEMPLATE_LENGTH),
    AfterValidator(_template),
    described(pattern="^/[^?#]*$"),
]


class NewTemplates(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    templates: Annotated[list[Template], Field(min_length=1, max_length=100)]


def stored(given: dict[str, Any]) -> dict[str, Any]:
    """What *given* comes to: no lines are an empty list, and a host counts once."""
    lists = {
        field.name: list(given[field.name] or ())
        for field in SERVICE_FIELDS
        if field.kind is FieldKind.LINES and field.name in given
    }
    if "hosts" in lists:
        lists["hosts"] = list(dict.fromkeys(lists["hosts"]))
    return {**given, **lists}


def _model(name: str, *, needs_all: bool) -> type[BaseModel]:
    """Not *needs_all*: what is required of a new one may be absent, but not null."""
    fields: dict[str, Any] = {
        field.name: (_type(field), _default(field, needs_all=needs_all))
        for field in SERVICE_FIELDS
    }
    config = ConfigDict(strict=True, extra="forbid")
    return create_model(name, __config__=config, **fields)


def _default(field: ServiceField, *, needs_all: bool) -> Any:
    if field.is_required:
        return Field(... if needs_all else None, validate_default=False)
    default = None if field.kind is FieldKind.LINES else field.default
    return Field(default, description=field.said.note)


def _type(field: ServiceField) -> Any:
    said = field.said
    match field.kind:
        case FieldKind.TEXT:
            bounds = Field(min_length=said.minimum, max_length=said.maximum)
            known = TEXTS.get(field.name) or Annotated[str, bounds]
        case FieldKind.LINES:
            bounds = Field(min_length=said.minimum, max_length=said.maximum)
            line = GenericAlias(list, (TEXTS.get(field.name, str),))
            known = Annotated[line, bounds] | None
        case FieldKind.WHOLE | FieldKind.NUMBER:
            bounds = Field(
                ge=said.minimum, gt=said.above, le=said.maximum, allow_inf_nan=False
            )
            known = Annotated[field.type, bounds]
        case FieldKind.CHOICE:
            # From its text, which is all that JSON has.
            known = Annotated[field.type, Strict(False)]
        case FieldKind.FLAG:
            known = bool
    return known | None if field.may_be_null else known


class NewService(_model("NewService", needs_all=True)):  # type: ignore[misc]
    pass


class ServiceChanges(_model("ServiceChanges", needs_all=False)):  # type: ignore[misc]
    """An absent field stays; null clears one that may be empty."""
