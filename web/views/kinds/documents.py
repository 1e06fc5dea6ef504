"""JSON in a body: one document, or one a line; of a long or cut one its beginning."""

from typing import Any, NamedTuple

from monitor.content.body import BodyKind
from monitor.json.bounds import cut_closed, values_beginning
from monitor.json.text import json_values
from monitor.logs.display import ShownBody

CUT = "The body was cut: this is what is whole of it."


class Documents(NamedTuple):
    """*note* says what is not among them."""

    values: list[Any]
    note: str | None = None


def documents_of(shown: ShownBody, limit: int) -> Documents:
    """None where the text is no JSON of objects or arrays."""
    text = shown.text or ""
    if shown.kind not in (BodyKind.JSON, BodyKind.TEXT):
        return Documents([])
    note = None
    if shown.truncated and not _values(text):
        text, note = cut_closed(text) or "", CUT
    begun = values_beginning(text, limit, closed=True)
    if begun.problem is not None:
        note = f"The beginning is shown: {begun.problem}."
    return Documents(_values(begun.text), note)


def _values(text: str) -> list[Any]:
    try:
        values = json_values(text)
    except (ValueError, RecursionError):
        return []
    are_nested = all(isinstance(one, dict | list) for one in values)
    return values if are_nested else []
