"""Answers about channels and deliveries."""

from uuid import UUID

from pydantic import AwareDatetime

from api.document.answers.shown import Count, Milliseconds, Shown
from monitor.alerts.channel import DeliveryState
from monitor.alerts.kinds import ChannelKind


class Channel(Shown):
    """What is secret in the URL of a channel is masked."""

    id: UUID
    service_id: UUID | None
    name: str
    kind: ChannelKind
    url: str
    is_active: bool
    created_at: AwareDatetime
    updated_at: AwareDatetime


class MadeChannel(Channel):
    """The `secret` of a webhook is shown this once."""

    secret: str | None


class Attempt(Shown):
    number: Count
    started_at: AwareDatetime
    status_code: int | None
    error: str | None
    duration_ms: Milliseconds | None


class Delivery(Shown):
    id: UUID
    channel_id: UUID
    alert_id: UUID | None
    event_id: UUID | None
    state: DeliveryState
    next_attempt_at: AwareDatetime | None
    created_at: AwareDatetime
    attempts: list[Attempt]
