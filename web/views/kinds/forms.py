"""Fields of a form, in their order."""

from urllib.parse import parse_qsl

MAX_PAIRS = 1_000


def form_pairs(text: str, limit: int) -> list[tuple[str, str]] | None:
    """None where there are none, or too many."""
    if text.count("&") >= min(limit, MAX_PAIRS):
        return None
    return parse_qsl(text, keep_blank_values=True) or None
