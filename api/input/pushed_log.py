"""A pushed log as it is worked on: what the calls that take logs agree on.

Most are valid, and msgspec says so in a tenth of pydantic's time. NewLog has the last
word on the others, and the words for what is wrong with them.
"""

import re
import sys
from datetime import datetime
from typing import Annotated, Any

import msgspec
import orjson
from msgspec import Meta

from api.input.json_input import Loc, model_of, value_of
from api.input.log_schemas import (
    ABSOLUTE,
    MAX_FIELD_NAME_LENGTH,
    MAX_SOURCE_IP_LENGTH,
    MAX_URL_LENGTH,
    NewLog,
)
from api.input.values import MAX_TAG_LENGTH, MAX_TAGS
from monitor import times

# A method that needs no look at its letters, nor another case.
METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
)
IS_ABSOLUTE = re.compile(ABSOLUTE).match
# In UTF-8 no character has more bytes.
MAX_URL_CHARACTERS = MAX_URL_LENGTH // 4
NAMES = frozenset(NewLog.model_fields)

Scalar = str | int | float | bool | None
Fields = dict[
    Annotated[str, Meta(max_length=MAX_FIELD_NAME_LENGTH)], Scalar | list[Scalar]
]
Tags = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=MAX_TAG_LENGTH)]],
    Meta(max_length=MAX_TAGS),
]


class PushedLog(msgspec.Struct):
    """A valid one. Its bounds are NewLog's, or narrower."""

    method: str
    url: Annotated[str, Meta(max_length=MAX_URL_CHARACTERS)]
    path: Annotated[str, Meta(min_length=1, max_length=MAX_URL_LENGTH)]
    status_code: Annotated[int, Meta(ge=100, le=999)] | None = None
    latency_ms: Annotated[float, Meta(ge=0, le=sys.float_info.max)] | None = None
    query_params: Fields | None = None
    request_headers: Fields | None = None
    request_body: str | None = None
    response_headers: Fields | None = None
    response_body: str | None = None
    error: str | None = None
    source_ip: Annotated[str, Meta(max_length=MAX_SOURCE_IP_LENGTH)] | None = None
    tags: Tags | None = None
    # A string until it is read.
    timestamp: Any = None


def log_in(content: bytes, loc: Loc = ()) -> tuple[PushedLog, int]:
    """The log that *content* is, and how many of its fields no log has.

    Raises InvalidInput.
    """
    # Without an escape no string holds NUL; what no log has may be nested deep.
    if b"\\u" not in content:
        try:
            value = orjson.loads(content)
            if value.keys() <= NAMES:
                return _valid(value), 0
        except (AttributeError, ValueError):
            pass
    value = value_of(content, loc)
    return pushed_log(value, loc), len(value.keys() - NAMES)


def pushed_log(value: Any, loc: Loc = ()) -> PushedLog:
    """*value* as a log; unknown fields are left out. Raises InvalidInput."""
    try:
        return _valid(value)
    except ValueError:
        return PushedLog(**dict(model_of(value, NewLog, loc)))


def _valid(value: Any) -> PushedLog:
    """Raises ValueError where NewLog has the last word; msgspec's errors are some."""
    log = msgspec.convert(value, PushedLog)
    if log.method not in METHODS or not IS_ABSOLUTE(log.url):
        raise ValueError
    if log.timestamp is not None:
        log.timestamp = _moment(log.timestamp)
    return log


def _moment(value: Any) -> datetime:
    """Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError
    return times.parse(value)
