"""Lines of heads: a field each, and what is made of it, for all heads that have it."""

from typing import Any, Final

from monitor.traffic.header_names import (
    ASKED_FOR,
    CREDENTIALS,
    HOP_BY_HOP,
    OURS,
    name_login,
)
from monitor.traffic.wire import IS_TOKEN

# What is remembered of fields' names, by their spelling.
MAX_SPELLINGS: Final = 4096
MAX_NAME_LENGTH: Final = 64


class Name:
    """What a field's name means to a proxy, however it is spelled.

    *is_asked_for*: its values are looked at; *travels*: it goes on to the next hop.
    """

    __slots__ = ("holds_credentials", "is_asked_for", "is_token", "lower", "travels")

    def __init__(self, name: str) -> None:
        self.is_token = IS_TOKEN.fullmatch(name) is not None
        self.lower = lower = name.lower()
        is_ours = lower.startswith(OURS)
        self.is_asked_for = is_ours or lower in ASKED_FOR
        self.travels = not is_ours and lower not in HOP_BY_HOP
        self.holds_credentials = lower in CREDENTIALS


SPELLED: Final[dict[str, Name]] = {}


def meaning(name: str) -> Name:
    """Remembered, within a bound."""
    found = SPELLED.get(name)
    if found is None:
        found = Name(name)
        if len(SPELLED) < MAX_SPELLINGS and len(name) <= MAX_NAME_LENGTH:
            SPELLED[name] = found
    return found


class Line:
    """One field line, *raw* as it came, without its end. Never changed.

    A line that many heads have is one object in all of them: what is made of it, its
    masked form, is made once, and remembered here.
    """

    __slots__ = (
        "is_asked_for",
        "lower",
        "masked",
        "masked_by",
        "name",
        "names_login",
        "pair",
        "raw",
        "repeats",
        "travels",
        "value",
    )

    def __init__(self, raw: bytes, name: str, value: str) -> None:
        self.raw = raw
        self.name = name
        self.value = value
        # Of Any, to be one object for all: compiled, a pair would be made at each use.
        self.pair: Any = (name, value)
        known = meaning(name)
        self.lower = known.lower
        self.is_asked_for = known.is_asked_for
        self.travels = known.travels
        self.names_login = known.holds_credentials and name_login(value)
        # Whether many heads have it: so that it is remembered, as one object.
        self.repeats = False
        # For whom it was masked, and the line that is left; None: itself.
        self.masked_by: object = None
        self.masked: Line | None = None


Lines = list[Line]


def line(name: str, value: str) -> Line:
    """One that we write."""
    return Line(f"{name}: {value}".encode("latin-1"), name, value)
