"""What bodies of /v1 may hold."""

import re
from datetime import datetime
from ipaddress import IPv6Address
from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

from monitor import times
from monitor.redaction.redaction import valid_field
from monitor.registry.base_url import MAX_SOCKET_LENGTH, UNIX, on_socket
from monitor.traffic.header_names import OF_SENDER, OURS
from monitor.traffic.wire import IS_TOKEN

MAX_URL_LENGTH = 32 * 1024
MAX_BASE_URL_LENGTH = 2048
MAX_RULE_LENGTH = 256
MAX_NOTE_LENGTH = 2000
HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)"
    r"(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\Z"
)
AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?\Z")
UNSAFE = re.compile(r"[\x00-\x20\x7f]")
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Which a replay cannot choose: they frame the message, or are about the connection.
NOT_OVERRIDDEN = OF_SENDER
MAX_OVERRIDDEN = 200
# Of the fields of a log that are none: as many are told.
MAX_BAD = 20


def _base_url(url: str) -> str:
    """Where a service is: a host, or a Unix socket of this machine."""
    scheme, _, place = url.partition(f"://{UNIX}")
    if not place or place[0].isdigit() or scheme.lower() not in ("http", "https"):
        return _http_url(url)
    if UNSAFE.search(url) or not url.isascii():
        raise ValueError("must hold no spaces, control or non-ASCII characters")
    if "?" in url or "#" in url:
        raise ValueError("must have no query and no fragment")
    if scheme.lower() == "https":
        raise ValueError("must begin with http:// for a Unix socket")
    found = on_socket(url)
    if found is None:
        raise ValueError("must have an absolute path of the Unix socket")
    socket, path = found
    if len(socket) > MAX_SOCKET_LENGTH:
        raise ValueError(
            "must have at most "
            f"{MAX_SOCKET_LENGTH} bytes in the path of the Unix socket"
        )
    if path and not path.startswith("/"):
        raise ValueError("must have a path that begins with / after the Unix socket")
    return url


def _http_url(url: str) -> str:
    if UNSAFE.search(url) or not url.isascii():
        raise ValueError("must hold no spaces, control or non-ASCII characters")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user or password")
    if "?" in url or "#" in url:
        raise ValueError("must have no query and no fragment")
    _authority(parts.netloc)
    return url


def _receiver(url: str) -> str:
    """Where a notification is posted to: a query may be part of it."""
    bare, _, query = url.partition("?")
    if UNSAFE.search(query) or not query.isascii() or "#" in query:
        raise ValueError("must hold no fragment, spaces or non-ASCII characters")
    _http_url(bare)
    return url


def _authority(authority: str) -> None:
    found = AUTHORITY.match(authority)
    if found is None or not found["host"]:
        raise ValueError("must name a host")
    _host(found["host"])
    if found["port"] and not 1 <= int(found["port"]) <= 65535:
        raise ValueError("must have a port from 1 to 65535, or none")


def _host(host: str) -> str:
    lower = host.lower().removesuffix(".")
    if lower.startswith("["):
        return _address(lower)
    if len(lower) > 253 or not HOST.match(lower):
        raise ValueError("must be a host name or an address, without a port")
    return lower


def _address(host: str) -> str:
    """As clients write it in Host: the shortest form (RFC 5952)."""
    if not host.endswith("]") or "%" in host:
        raise ValueError("is no address")
    try:
        return f"[{IPv6Address(host[1:-1])}]"
    except ValueError:
        raise ValueError("is no address") from None


def _rule(rule: str) -> str:
    reason = valid_field(rule)
    if reason is not None:
        raise ValueError(reason)
    return rule


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _method(method: str) -> str:
    if not IS_TOKEN.fullmatch(method):
        raise ValueError("must be a method such as GET")
    return method.upper()


def _absolute(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme or not rest or rest.startswith("/"):
        raise ValueError("must be absolute, such as https://example.org/path")
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*\Z", scheme):
        raise ValueError("must begin with a scheme, such as https://")
    if len(url.encode()) > MAX_URL_LENGTH:
        raise ValueError(f"must have at most {MAX_URL_LENGTH} bytes")
    return url


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("must be a UUID") from None


def _replay_method(method: str) -> str:
    if _method(method) == "CONNECT":
        raise ValueError("must not be CONNECT")
    return method.upper()


def _header_name(name: str) -> str:
    lower = name.lower()
    if not IS_TOKEN.fullmatch(name):
        raise ValueError("must be the name of a header field")
    if lower in NOT_OVERRIDDEN or lower.startswith(OURS):
        raise ValueError("must not be overridden")
    return name


def _header_value(value: str) -> str:
    if CONTROLS.search(value):
        raise ValueError("must hold no CR, LF, NUL or other control characters")
    return value


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("must be an RFC 3339 time, such as 2026-11-24T13:00:00Z")
    return times.parse(value)


def described(**schema: Any) -> Any:
    """What /openapi.json says of a value that code checks: true of all that pass."""
    return Field(json_schema_extra=schema)


Name = Annotated[
    str,
    Field(min_length=1, max_length=128),
    AfterValidator(_not_blank),
    described(pattern=r"\S"),
]
Host = Annotated[
    str,
    Field(max_length=255),
    AfterValidator(_host),
    described(pattern=r"^[^\s/]+$"),
]
Rule = Annotated[
    str,
    Field(min_length=1, max_length=MAX_RULE_LENGTH),
    AfterValidator(_rule),
    described(pattern=r"^(\$(\.\.?[^.\[\]*]+|\.\*|\[.+\])+|[^$=&;?#][^=&;?#]*)$"),
]
BaseUrl = Annotated[
    str,
    Field(min_length=1, max_length=MAX_BASE_URL_LENGTH),
    AfterValidator(_base_url),
    described(pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[!-~]+$"),
]
Method = Annotated[
    str,
    Field(min_length=1, max_length=32),
    AfterValidator(_method),
    described(pattern=r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$"),
]
AbsoluteUrl = Annotated[
    str,
    Field(min_length=1, max_length=MAX_URL_LENGTH),
    AfterValidator(_absolute),
    described(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]"),
]
Receiver = Annotated[
    str, Field(min_length=1, max_length=MAX_BASE_URL_LENGTH), AfterValidator(_receiver)
]
Scalar = str | int | float | bool | None
MAX_FIELD_NAME_LENGTH = 1024


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


class NewKey(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name


class NewToken(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name
    read_only: bool = False
    expires_at: Annotated[datetime, BeforeValidator(_time)] | None = None


Tags = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=128)]], Field(max_length=64)
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
    source_ip: str | None = Field(None, max_length=255)
    tags: Tags | None = None
    timestamp: Annotated[datetime, BeforeValidator(_time)] | None = None


class LogChanges(BaseModel):
    """An absent field stays; null clears tags and note."""

    model_config = ConfigDict(strict=True, extra="forbid")

    pinned: bool = False
    tags: Tags | None = None
    note: str | None = Field(None, max_length=MAX_NOTE_LENGTH)


ServiceId = Annotated[str, AfterValidator(_uuid), described(format="uuid")]
HeaderName = Annotated[
    str, Field(min_length=1, max_length=1024), AfterValidator(_header_name)
]
HeaderValue = Annotated[
    str,
    Field(max_length=MAX_URL_LENGTH),
    AfterValidator(_header_value),
    described(pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$"),
]


def _few_overridden(value: Any) -> Any:
    """One more than there may be is enough to be refused."""
    if not isinstance(value, dict) or len(value) <= MAX_OVERRIDDEN:
        return value
    return dict(islice(value.items(), MAX_OVERRIDDEN + 1))


class NewReplay(BaseModel):
    """What is unset falls back to the log's own."""

    model_config = ConfigDict(strict=True, extra="forbid")

    override_method: Annotated[str | None, Field(min_length=1, max_length=32)] = None
    override_url: Annotated[
        str | None, Field(min_length=1, max_length=MAX_URL_LENGTH)
    ] = None
    override_headers: (
        Annotated[
            dict[HeaderName, HeaderValue | None],
            Field(max_length=MAX_OVERRIDDEN),
            BeforeValidator(_few_overridden),
        ]
        | None
    ) = None
    override_body: str | None = None
    service_id: ServiceId | None = None

    @field_validator("override_method")
    @classmethod
    def _is_method(cls, value: str | None) -> str | None:
        return None if value is None else _replay_method(value)

    @field_validator("override_headers")
    @classmethod
    def _are_named_once(
        cls, value: dict[str, str | None] | None
    ) -> dict[str, str | None] | None:
        if value is not None and len({name.lower() for name in value}) < len(value):
            raise ValueError("must name each header once, whatever its case")
        return value

    @field_validator("override_url")
    @classmethod
    def _is_sendable(cls, value: str | None) -> str | None:
        if value is not None and UNSAFE.search(value):
            raise ValueError("must hold no spaces or control characters")
        return value
