"""What a form's fields mean to /v1, by their kinds: a script does it the same way."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from re import compile as pattern
from typing import Any

import orjson

from monitor.errors import FieldError, InvalidInput
from web.forms.asked import Asked
from web.forms.header_lines import changed_headers

# What JSON may hold as it is; beyond, it is left to the call to refuse it.
WHOLE = pattern(r"[+-]?[0-9]{1,18}")


def body_of(form: Mapping[str, Any], asked: Asked) -> bytes:
    """The body of the call. Raises InvalidInput where a field is not what it is to be.

    What is no number is left as it is: the call says what is wrong with it.
    """
    made = {}
    for name in asked.kinds:
        value = _given(name, form, asked)
        if value is None and not asked.nulls:
            continue
        try:
            made[name] = orjson.Fragment(orjson.dumps(value))
        except TypeError:
            # Half a character, or lists in lists in lists.
            raise _wrong(name, "cannot be sent", "value_error") from None
    return orjson.dumps(made)


def _given(name: str, form: Mapping[str, Any], asked: Asked) -> Any:
    text, kind = form.get(name), asked.kinds[name]
    if not all(_is_chosen(part, form) for part in asked.parts.get(name, ())):
        return None
    if kind == "flag":
        return text is not None
    if text is None:
        return None
    return _value(name, kind, _lines_of(str(text)), asked.was.get(name, ""))


def _is_chosen(choices: Sequence[str], form: Mapping[str, Any]) -> bool:
    """Whether a part goes with what is chosen: a script would not show the others."""
    return any(
        form.get(name) == value
        for name, _, value in (choice.partition(":") for choice in choices)
    )


def _lines_of(text: str) -> str:
    """Line breaks as a script sees them; a form sends others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _value(name: str, kind: str, text: str, was: str) -> Any:
    if kind == "headers":
        return _headers(name, text, was)
    if kind in _OF_TEXT:
        return _OF_TEXT[kind](text, was)
    bare = text.strip()
    if not bare:
        return None
    if kind == "json":
        return _json(name, bare)
    return _OF_WORDS[kind](bare)


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        raise _wrong(name, "is not JSON", "json_invalid") from None


def _headers(name: str, text: str, was: str) -> dict[str, str | None] | None:
    try:
        return changed_headers(text, was) or None
    except ValueError as error:
        raise _wrong(name, str(error), "value_error") from None


def _wrong(name: str, reason: str, kind: str) -> InvalidInput:
    error = FieldError(("body", name), reason, kind)
    return InvalidInput("the body is not valid", errors=[error])


def _plain(text: str, was: str) -> str | None:
    """A field of one line takes line breaks out of what it was given."""
    if was and text == "".join(was.splitlines()):
        return was
    return text if text.strip() else None


def _changed(text: str, was: str) -> str | None:
    return None if text == _lines_of(was) else text


def _split(text: str, was: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _number(text: str) -> Any:
    try:
        found = float(text)
    except ValueError:
        return text
    if WHOLE.fullmatch(text):
        return int(text)
    return found if isfinite(found) else text


def _from_now(unit: timedelta) -> Callable[[str], str]:
    def moment(text: str) -> str:
        try:
            return (datetime.now(UTC) + float(text) * unit).isoformat()
        except (ValueError, OverflowError):
            return text

    return moment


def _moment(text: str) -> str:
    """Without a script nobody knows the reader's zone: it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


_OF_TEXT: dict[str, Callable[[str, str], Any]] = {
    "text": _plain,
    "changed": _changed,
    "whole": lambda text, was: text or None,
    "lines": _split,
}
_OF_WORDS: dict[str, Callable[[str], Any]] = {
    "number": _number,
    "days": _from_now(timedelta(days=1)),
    "minutes": _from_now(timedelta(minutes=1)),
    "moment": _moment,
}
