"""Channels as bodies of /v1 say them: who is told of events."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.input.addresses import Receiver
from api.input.alert_schemas import one_of
from api.input.values import Name, ServiceId, described
from monitor.alerts.channel import ChannelKind
from monitor.traffic.mask import MASK


def _kind(text: str) -> str:
    return one_of(text, list(ChannelKind))


def _unmasked(url: str) -> str:
    if MASK in url:
        raise ValueError("is masked: leave it out to keep what it is")
    return url


Url = Annotated[Receiver, AfterValidator(_unmasked)]


class ChannelChanges(BaseModel):
    """An absent field stays."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name = Field(None, validate_default=False)  # type: ignore[assignment]
    url: Url = Field(None, validate_default=False)  # type: ignore[assignment]
    is_active: bool = True


class NewChannel(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    service_id: ServiceId | None = None
    name: Name
    kind: Annotated[str, AfterValidator(_kind), described(enum=list(ChannelKind))]
    url: Url
    is_active: bool = True
