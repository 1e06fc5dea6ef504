"""Models of the bodies that push and change a log."""

import re
from itertools import islice
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from api.input.values import Method, Tags, Time, described

MAX_URL_LENGTH = 32 * 1024
MAX_NOTE_LENGTH = 2000
# Of the fields of a log that are none: as many are told.
MAX_BAD = 20
MAX_FIELD_NAME_LENGTH = 1024
MAX_SOURCE_IP_LENGTH = 255
# How a URL begins that NewLog takes.
ABSOLUTE = r"[A-Za-z][A-Za-z0-9+.-]*://[^/]"


def _absolute(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme or not rest or rest.startswith("/"):
        raise ValueError("must be absolute, such as https://example.org/path")
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*\Z", scheme):
        raise ValueError("must begin with a scheme, such as https://")
    if len(url.encode()) > MAX_URL_LENGTH:
        raise ValueError(f"must have at most {MAX_URL_LENGTH} bytes")
    return url


AbsoluteUrl = Annotated[
    str,
    Field(min_length=1, max_length=MAX_URL_LENGTH),
    AfterValidator(_absolute),
    described(pattern=f"^{ABSOLUTE}"),
]
Scalar = str | int | float | bool | None


def _few_bad(value: Any) -> Any:
    """Only some of the fields that are none, where many are: each is told."""
    if not isinstance(value, dict):
        return value
    bad = list(islice((name for name in value if _is_bad(name, value[name])), MAX_BAD))
    if len(bad) < MAX_BAD:
        return value
    return {name: _cut(value[name]) for name in bad}


def _is_bad(name: str, value: Any) -> bool:
    if len(name) > MAX_FIELD_NAME_LENGTH or isinstance(value, dict):
        return True
    return isinstance(value, list) and any(isinstance(v, dict | list) for v in value)


def _cut(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [item for item in value if isinstance(item, dict | list)][:1]


Fields = Annotated[
    dict[
        Annotated[str, Field(max_length=MAX_FIELD_NAME_LENGTH)], Scalar | list[Scalar]
    ],
    BeforeValidator(_few_bad),
]


class NewLog(BaseModel):
    """A pushed log. Unknown fields are ignored, and counted."""

    model_config = ConfigDict(strict=True, extra="ignore")

    method: Method
    url: AbsoluteUrl
    path: str = Field(min_length=1, max_length=MAX_URL_LENGTH)
    status_code: int | None = Field(None, ge=100, le=999)
    latency_ms: float | None = Field(None, ge=0, allow_inf_nan=False)
    query_params: Fields | None = None
    request_headers: Fields | None = None
    request_body: str | None = None
    response_headers: Fields | None = None
    response_body: str | None = None
    error: str | None = None
    source_ip: str | None = Field(None, max_length=MAX_SOURCE_IP_LENGTH)
    tags: Tags | None = None
    timestamp: Time | None = None


class LogChanges(BaseModel):
    """An absent field stays; null clears tags and note."""

    model_config = ConfigDict(strict=True, extra="forbid")

    pinned: bool = False
    tags: Tags | None = None
    note: str | None = Field(None, max_length=MAX_NOTE_LENGTH)
