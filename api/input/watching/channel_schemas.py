"""Channels as bodies of /v1 say them: who is told of events."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.input.addresses import MAX_BASE_URL_LENGTH, http_receiver
from api.input.alert_schemas import one_of
from api.input.values import Name, ServiceId, described
from monitor.alerts.kinds import ChannelKind
from monitor.errors import FieldError, InvalidInput
from monitor.traffic.mask import MASK

MAILTO = "mailto:"
ADDRESS = re.compile(r"[^\s,<>@\x00-\x20]+@[^\s,<>@\x00-\x20]+")


def _kind(text: str) -> str:
    return one_of(text, list(ChannelKind))


def _unmasked(url: str) -> str:
    if MASK in url:
        raise ValueError("is masked: leave it out to keep what it is")
    return url


def _receiver(url: str) -> str:
    """Where a message is posted to, or `mailto:`, which the kind has to go with."""
    return url if url.startswith(MAILTO) else http_receiver(url)


Url = Annotated[
    str,
    Field(min_length=1, max_length=MAX_BASE_URL_LENGTH),
    AfterValidator(_receiver),
    AfterValidator(_unmasked),
]
# What a receiver gave, that stands in a message.
RoutingKey = Annotated[
    str,
    Field(min_length=1, max_length=128, pattern=r"^[!-~]+$"),
]


class ChannelChanges(BaseModel):
    """An absent field stays."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name = Field(None, validate_default=False)  # type: ignore[assignment]
    url: Url = Field(None, validate_default=False)  # type: ignore[assignment]
    routing_key: RoutingKey = Field(None, validate_default=False)  # type: ignore[assignment]
    is_active: bool = True


class NewChannel(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    service_id: ServiceId | None = None
    name: Name
    kind: Annotated[str, AfterValidator(_kind), described(enum=list(ChannelKind))]
    url: Url | None = None
    routing_key: RoutingKey | None = None
    is_active: bool = True


def check(kind: ChannelKind, fields: Mapping[str, Any], *, can_mail: bool) -> None:
    """Raises InvalidInput where what is given does not go with the kind."""
    errors = [
        FieldError(("body", place), reason, "value_error")
        for place, reason in _wrong(kind, fields, can_mail=can_mail).items()
    ]
    if errors:
        raise InvalidInput("the body is not valid", errors=errors)


def _wrong(
    kind: ChannelKind, fields: Mapping[str, Any], *, can_mail: bool
) -> dict[str, str]:
    wrong: dict[str, str] = {}
    url, key = fields.get("url"), fields.get("routing_key")
    is_mail = kind is ChannelKind.EMAIL
    if is_mail and not can_mail:
        wrong["kind"] = "needs SMTP_URL, which is not set"
    if "url" in fields and url is None:
        wrong["url"] = "says where it is sent"
    elif url is not None:
        wrong |= _wrong_url(url, is_mail=is_mail)
    is_incident = kind is ChannelKind.PAGERDUTY
    if key is not None and not is_incident:
        wrong["routing_key"] = "goes with the kind pagerduty only"
    if is_incident and "routing_key" in fields and key is None:
        wrong["routing_key"] = "is the integration key of a service of PagerDuty"
    return wrong


def _wrong_url(url: str, *, is_mail: bool) -> dict[str, str]:
    if not is_mail:
        is_http = not url.startswith(MAILTO)
        return {} if is_http else {"url": "must begin with http:// or https://"}
    addresses = url.removeprefix(MAILTO).split(",")
    if url.startswith(MAILTO) and all(ADDRESS.fullmatch(each) for each in addresses):
        return {}
    return {"url": "must be mailto: with addresses, as in mailto:a@b.example"}
