"""Stored headers and bodies, as they are shown."""

from dataclasses import dataclass
from typing import Any

from monitor.content.body import (
    CUT,
    DAMAGED,
    TOO_LONG,
    BodyKind,
    Decoded,
    as_text,
    decoded,
    field_value,
    kind_of,
)
from monitor.content.charsets import text_of
from monitor.logs.log import StoredBody
from monitor.traffic.exchange import BodyState
from monitor.traffic.fields import Fields, HeaderObject, Headers
from monitor.traffic.message import Message, MessageState

MAX_SHOWN_BYTES = 8 * 1024 * 1024
# Problems of which the rest of a body is missing.
SHORTENED = frozenset({CUT, DAMAGED, TOO_LONG})
RAW_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBody:
    """A body decoded; *text* is None where it is no text.

    *problem* says in words what was in the way of decoding it whole.
    """

    content: bytes | None
    text: str | None
    kind: BodyKind
    truncated: bool
    state: BodyState
    is_limited: bool = False
    problem: str | None = None

    @property
    def is_begun(self) -> bool:
        """Whether decoding was left at a limit."""
        return self.problem == TOO_LONG


def shown_body(stored: StoredBody, headers: Fields | HeaderObject) -> ShownBody:
    """The body as its reader meant it, as far as it is kept and can be decoded."""
    content, problem, is_cut = stored.content, None, stored.truncated
    if content and stored.state is BodyState.KEPT:
        is_plain = _is_plain(stored, headers)
        coding = None if is_plain else field_value(headers, "content-encoding")
        plain = decoded(
            content, coding, limit=MAX_SHOWN_BYTES, truncated=stored.truncated
        )
        if plain.content or plain.complete:
            is_cut = is_cut or _is_shortened(plain, content)
            content = plain.content
        if not plain.complete and not stored.truncated:
            problem = plain.problem
    declared = field_value(headers, "content-type")
    # What was pushed is text already, whatever its header says.
    charset_of = None if _is_plain(stored, headers) else declared
    text = None
    if content is not None:
        text = text_of(content, charset_of, truncated=is_cut)
    return ShownBody(
        content=content,
        text=text,
        kind=kind_of(declared, content or b""),
        truncated=is_cut,
        state=stored.state,
        is_limited=stored.is_limited,
        problem=problem,
    )


def _is_shortened(plain: Decoded, content: bytes) -> bool:
    """In a coding that is not known here, *content* is there as it came."""
    if plain.complete:
        return False
    return plain.problem in SHORTENED or len(content) > MAX_SHOWN_BYTES


def raw_body(
    stored: StoredBody, headers: Fields | HeaderObject, problem: str
) -> ShownBody:
    """Its first bytes as they were kept, where it cannot be worked on: *problem*."""
    content = stored.content
    begin = None if content is None else content[:RAW_BYTES]
    is_cut = stored.truncated or begin != content
    is_coded = field_value(headers, "content-encoding") is not None
    is_text = _is_plain(stored, headers) or not is_coded
    return ShownBody(
        content=begin,
        text=as_text(begin, truncated=True) if begin is not None and is_text else None,
        kind=kind_of(field_value(headers, "content-type"), begin or b""),
        truncated=is_cut,
        state=stored.state,
        is_limited=stored.is_limited,
        problem=problem if content else None,
    )


def _is_plain(stored: StoredBody, headers: Fields | HeaderObject) -> bool:
    return stored.is_plain or isinstance(headers, dict)


def pairs(headers: Headers) -> list[tuple[str, str]]:
    """Name and value a line, in wire order where captured."""
    if isinstance(headers, dict):
        return [
            (name, str(item))
            for name, value in headers.items()
            for item in (value if isinstance(value, list) else [value])
        ]
    return [(readable(name), readable(value)) for name, value in headers]


def header_object(headers: Headers) -> dict[str, Any]:
    """Values by name; a name that is repeated, in whatever case, has a list."""
    if isinstance(headers, dict):
        return headers
    names: dict[str, str] = {}
    made: dict[str, Any] = {}
    for name, value in pairs(headers):
        shown = names.setdefault(name.lower(), name)
        if shown not in made:
            made[shown] = value
        elif isinstance(made[shown], list):
            made[shown].append(value)
        else:
            made[shown] = [made[shown], value]
    return made


def readable(text: str) -> str:
    """Bytes that were kept as latin-1 but are UTF-8, as what they mean."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def message_text(message: Message) -> str | None:
    """What is kept of *message* as text; None if it is none."""
    if message.state is MessageState.CODED:
        return None
    return as_text(message.kept, truncated=message.truncated)


def withheld_for(state: str, is_limited: bool) -> str | None:
    """Why nothing was kept of what is to be masked; None where it was, or is not."""
    if state != BodyState.WITHHELD:
        return None
    return "work_limit" if is_limited else "unreadable"
