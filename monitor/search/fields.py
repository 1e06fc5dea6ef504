"""Fields of the query language, as one is described, found by its name, and read."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeAlias

from monitor.search import leaves
from monitor.search.given import Given, Reader
from monitor.search.leaves import Leaf
from monitor.search.tree import Amount, Node, Place


class FieldType(StrEnum):
    NUMBER = "number"
    DURATION = "duration"
    SIZE = "size"
    TIME = "time"
    TEXT = "text"
    WORD = "word"
    VALUE = "value"
    CHOICE = "choice"
    ID = "id"


ORDERED = (":", ":=", ":>", ":>=", ":<", ":<=", ":low..high")
TEXTS = (":", ":=", ":~", ":*", ":/regex/", ":/regex/i")
OPERATORS = {
    FieldType.NUMBER: ORDERED,
    FieldType.DURATION: ORDERED,
    FieldType.SIZE: ORDERED,
    FieldType.TIME: (":",),
    FieldType.TEXT: TEXTS,
    FieldType.WORD: TEXTS,
    FieldType.VALUE: (*TEXTS, ":>", ":>=", ":<", ":<=", ":low..high"),
    FieldType.CHOICE: (":",),
    FieldType.ID: (":",),
}
# A word that needs no quotes, as a value or behind the name of a family.
PLAIN = re.compile(r"[A-Za-z0-9_][\w.@{}+-]*|(?:/[\w.@{}+-]+)+", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Places: TypeAlias = Callable[[str], tuple[Amount | Place, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """*places*: where its values are, of a family by the name that follows its own.

    *choices*: all that it may be.
    """

    name: str
    type: FieldType
    meaning: str
    examples: tuple[str, ...]
    leaf: Leaf
    aliases: tuple[str, ...] = ()
    places: Places | None = None
    choices: tuple[str, ...] = ()
    is_family: bool = False

    def chosen(self, word: str) -> Node:
        """What one of *choices* asks."""
        return self.leaf(Given(operator="", pieces=(word,), regex=None, now=EPOCH))

    @property
    def operators(self) -> tuple[str, ...]:
        return OPERATORS[self.type]


@dataclass(frozen=True, slots=True)
class Called:
    """A field, and what follows its name where it is a family's."""

    field: Field
    name: str = ""

    @property
    def places(self) -> tuple[Amount | Place, ...]:
        return self.field.places(self.name) if self.field.places else ()

    @property
    def has_values(self) -> bool:
        return bool(self.field.choices or self.places)

    def term(self, value: str, operator: str | None = None) -> str:
        """What asks for *value*, by default for the whole of it; for a name, where the
        names are what is listed."""
        field, named = self.field, self.name
        if field.is_family and not named:
            return f"{field.name}{_written(value)}:"
        # A path in JSON has quotes of its own.
        name = named if field.name.endswith("$") or not named else _written(named)
        if operator is None:
            # Else a text is looked for as a part, and `0..` is a range.
            is_whole = field.type is FieldType.TEXT or ".." in value
            operator = "=" if is_whole else ""
        return f"{field.name}{name}:{operator}{_written(value)}"


def find(name: str, fields: Sequence[Field]) -> Called | None:
    """The field that a query calls *name*; where none is called so, the family."""
    small = name.lower()
    for field in fields:
        if not field.is_family and small in (field.name, *field.aliases):
            return Called(field)
    for field in fields:
        for prefix in (field.name, *field.aliases):
            if field.is_family and small.startswith(prefix):
                return Called(field, unquoted(name[len(prefix) :]))
    return None


def unquoted(name: str) -> str:
    """`"a b"` in quotes, where what follows is no path."""
    is_quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if is_quoted else name


def _written(text: str) -> str:
    """As a word, or in quotes where it is none."""
    if PLAIN.fullmatch(text):
        return text
    for character, escape in (
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("\n", "\\n"),
        ("\r", "\\r"),
    ):
        text = text.replace(character, escape)
    return f'"{text}"'


def closest(name: str, fields: Sequence[Field]) -> str | None:
    """What *name* was meant to be perhaps."""
    head, dot, rest = name.lower()[:60].partition(".")
    names = {n.partition(".")[0]: n for f in fields for n in (f.name, *f.aliases)}
    found = get_close_matches(head, names, n=1, cutoff=0.6)
    if not found:
        return None
    is_family = names[found[0]].endswith(".")
    return f"{found[0]}.{rest}" if is_family and dot else names[found[0]]


def numbers(
    name: str,
    of: Amount,
    unit: tuple[FieldType, Reader],
    meaning: str,
    *examples: str,
    leaf: Leaf | None = None,
    aliases: tuple[str, ...] = (),
) -> Field:
    type, read = unit
    return Field(
        name=name,
        type=type,
        meaning=meaning,
        examples=examples,
        leaf=leaf or leaves.amount(of, read),
        aliases=aliases,
        places=(lambda _: (of,)) if type is FieldType.NUMBER else None,
    )


def texts(
    name: str,
    of: tuple[Place, ...],
    meaning: str,
    *examples: str,
    leaf: Leaf | None = None,
    is_part: bool = False,
    is_cased: bool = False,
    is_listed: bool = True,
    aliases: tuple[str, ...] = (),
) -> Field:
    """*is_part*: longer ones, of which one looks for a part.

    *is_listed*: that they may be told by their values.
    """
    read = leaves.part if is_part else leaves.word
    return Field(
        name=name,
        type=FieldType.TEXT if is_part else FieldType.WORD,
        meaning=meaning,
        examples=examples,
        leaf=leaf or read(*of, is_cased=is_cased),
        aliases=aliases,
        places=(lambda _: of) if is_listed else None,
    )


def choices(
    name: str, words: Mapping[str, Leaf], meaning: str, *examples: str
) -> Field:
    return Field(
        name=name,
        type=FieldType.CHOICE,
        meaning=meaning,
        examples=examples,
        leaf=leaves.choice(words),
        choices=tuple(words),
    )


def family(
    name: str,
    places: Callable[[str], tuple[Place, ...]],
    meaning: str,
    *examples: str,
    aliases: tuple[str, ...] = (),
) -> Field:
    return Field(
        name=name,
        type=FieldType.VALUE,
        meaning=meaning,
        examples=examples,
        leaf=lambda value: leaves.valued(*places(value.named))(value),
        aliases=aliases,
        places=places,
        is_family=True,
    )
