"""What replays and comparisons are asked with."""

import re
from itertools import islice
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

from api.input.addresses import UNSAFE
from api.input.log_schemas import MAX_URL_LENGTH
from api.input.values import ServiceId, described, method_name
from monitor.compare.places import MAX_PATH_LENGTH
from monitor.compare.rules import ComparedPart
from monitor.logs.parameter import ID
from monitor.traffic.header_names import OF_SENDER, OURS
from monitor.traffic.wire import IS_TOKEN

CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Which a replay cannot choose: they frame the message, or are about the connection.
NOT_OVERRIDDEN = OF_SENDER
MAX_OVERRIDDEN = 200
MAX_ENDPOINT_LENGTH = 4_096
COMPARED = {
    "a": ID.described(
        "the log on the left; without it, the newest earlier one of the service, "
        "method and endpoint of *b* that was answered below 400, without an error"
    ),
    "b": ID.described("the log on the right, whose service's rules hold; required"),
}


def _replay_method(method: str) -> str:
    if method_name(method) == "CONNECT":
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


Times = Annotated[int, Field(ge=1, description="at most REPLAY_SERIES_LIMIT")]
AtOnce = Annotated[int, Field(ge=1, description="at most REPLAY_LIMIT")]


class NewSeries(NewReplay):
    """The same many times: *concurrency* at once, 1: one after the other."""

    count: Times
    concurrency: AtOnce = 1


class NewRequest(BaseModel):
    """A request from scratch. `url` lies under the base_url of the service, or begins
    with `/` and follows it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    service_id: ServiceId
    method: Annotated[str, Field(min_length=1, max_length=32)] = "GET"
    url: Annotated[str, Field(min_length=1, max_length=MAX_URL_LENGTH)]
    headers: (
        Annotated[
            dict[HeaderName, HeaderValue],
            Field(max_length=MAX_OVERRIDDEN),
            BeforeValidator(_few_overridden),
        ]
        | None
    ) = None
    body: str | None = None

    @field_validator("method")
    @classmethod
    def _is_method(cls, value: str) -> str:
        return _replay_method(value)

    @field_validator("headers")
    @classmethod
    def _are_named_once(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        if value is not None and len({name.lower() for name in value}) < len(value):
            raise ValueError("must name each header once, whatever its case")
        return value

    @field_validator("url")
    @classmethod
    def _is_sendable(cls, value: str) -> str:
        if UNSAFE.search(value):
            raise ValueError("must hold no spaces or control characters")
        return value


class NewRequestSeries(NewRequest):
    """The same many times: *concurrency* at once, 1: one after the other."""

    count: Times
    concurrency: AtOnce = 1


def _part(text: str) -> str:
    if text not in list(ComparedPart):
        raise ValueError(f"must be one of {', '.join(ComparedPart)}")
    return text


class NewComparisonRule(BaseModel):
    """`path`: a header's name, or a place in the body as a comparison names it;
    positions in it stand for all. `ignore` false: it counts, whatever is known of it.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    service_id: ServiceId
    endpoint: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_ENDPOINT_LENGTH,
            description="of which answers; null: of all of the service",
        ),
    ] = None
    part: Annotated[str, AfterValidator(_part), described(enum=list(ComparedPart))]
    path: Annotated[str, Field(min_length=1, max_length=MAX_PATH_LENGTH + 1)]
    ignore: bool = True
