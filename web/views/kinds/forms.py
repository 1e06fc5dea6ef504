"""Fields of a form, in their order."""

from typing import NamedTuple
from urllib.parse import parse_qsl

MAX_PAIRS = 1_000


class FormField(NamedTuple):
    """*raw*: both as they stand in the body."""

    name: str
    value: str
    raw: str


def form_fields(text: str, limit: int) -> list[FormField] | None:
    """None where there are none, or too many."""
    if text.count("&") >= min(limit, MAX_PAIRS):
        return None
    read = parse_qsl(text, keep_blank_values=True)
    raws = [raw for raw in text.split("&") if raw]
    if len(raws) != len(read):
        raws = [""] * len(read)
    fields = zip(read, raws, strict=True)
    return [FormField(*pair, raw) for pair, raw in fields] or None
