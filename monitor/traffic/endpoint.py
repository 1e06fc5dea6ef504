"""Endpoints of paths: `/users/123` and `/users/7` are `/users/{id}`."""

import re
from functools import lru_cache
from typing import Final

# First match wins. What a segment of each kind looks like, as far as one can tell.
KINDS: Final = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("id", r"\d+"),
        ("uuid", r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"),
        ("date", r"\d{4}-\d\d-\d\d"),
        ("ulid", r"[0-7][0-9A-HJKMNP-TV-Z]{25}"),
        ("hex", r"(?=.*\d)[0-9a-f]{12,}"),
        ("email", r"[^@/]+@[^@/]+\.[^@/]+"),
        ("key", r"[a-z]{2,5}_(?=.*\d)[a-z0-9]{6,}"),
        ("token", r"(?=.*\d)(?=.*[a-z])[\w-]{20,}"),
    )
)
LONG: Final = "{long}"
# What a segment of a kind is called.
KIND_NAMES: Final = frozenset({LONG, *[f"{{{name}}}" for name, _ in KINDS]})
MAX_SEGMENT_LENGTH: Final = 128
MAX_SEGMENTS: Final = 32


def endpoint_of(path: str) -> str:
    """*path* without its query, with what varies in it named by its kind."""
    bare = path.partition("?")[0]
    segments = bare.split("/", MAX_SEGMENTS)
    made = [_named(segment) for segment in segments[:MAX_SEGMENTS]]
    if len(segments) > MAX_SEGMENTS:
        made.append("…")
    return "/".join(made)


@lru_cache(maxsize=16_384)
def _named(segment: str) -> str:
    if len(segment) > MAX_SEGMENT_LENGTH:
        return LONG
    for name, pattern in KINDS:
        if pattern.fullmatch(segment):
            return f"{{{name}}}"
    return segment
