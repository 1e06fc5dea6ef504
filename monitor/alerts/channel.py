"""Channels: whom events are told to, how that is signed, when it is retried."""

import base64
import hashlib
import hmac
import json
import random
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from monitor import times
from monitor.alerts import receivers
from monitor.alerts.kinds import ChannelKind
from monitor.alerts.receivers import Told
from monitor.alerts.state import AlertState
from monitor.traffic.mask import MASK

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32
# After the first attempt, and after each further one: most outages are over by then.
DELAYS_S = (5, 30, 120, 600, 3_600, 21_600)
MAX_ATTEMPTS = len(DELAYS_S) + 1
# So that what failed together does not come again together.
JITTER = 0.2
MAX_DELAY = timedelta(seconds=DELAYS_S[-1] * (1 + JITTER))


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where events are told; *service_id* None: those of all services."""

    id: UUID
    service_id: UUID | None
    name: str
    kind: ChannelKind
    url: str
    is_active: bool
    created_at: datetime
    updated_at: datetime

    @property
    def shown_url(self) -> str:
        """What is needed to write there is masked: a path that is, any query."""
        if self.kind is ChannelKind.EMAIL:
            return self.url
        if self.kind not in (ChannelKind.SLACK, ChannelKind.DISCORD):
            address, has_query, _ = self.url.partition("?")
            return f"{address}?{MASK}" if has_query else address
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/{MASK}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Without status and error it still runs, or was cut off."""

    number: int
    started_at: datetime
    status_code: int | None
    error: str | None
    duration_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one channel. Without an event it is a test.

    Without an alert, too, it is the last one of a rule that was deleted.
    """

    id: UUID
    channel_id: UUID
    alert_id: UUID | None
    event_id: UUID | None
    state: DeliveryState
    next_attempt_at: datetime | None
    created_at: datetime
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What one attempt sends, and where to."""

    delivery_id: UUID
    channel_id: UUID
    number: int
    kind: ChannelKind
    url: str
    secret: str | None
    body: str


def new_secret() -> str:
    key = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    return SECRET_PREFIX + key


def probe_body(kind: ChannelKind, *, channel: str, now: datetime) -> str:
    if kind is ChannelKind.WEBHOOK:
        return webhook_body("channel.test", now, {"channel": {"name": channel}})
    text = f"A test of the channel {channel} of API Monitor."
    return json.dumps(receivers.message(kind, text, _test_event(now)))


def _test_event(now: datetime) -> Told:
    """It opens no incident: one that is over is all that it tells of."""
    return Told(
        state=AlertState.RESOLVED,
        incident="test",
        source="API Monitor",
        at=times.format(now),
    )


def webhook_body(type: str, moment: datetime, data: dict[str, Any]) -> str:
    content = {"type": type, "timestamp": times.format(moment), "data": data}
    return json.dumps(content, separators=(",", ":"))


def headers_of(message: Attempted, now: datetime) -> dict[str, str]:
    """With a secret: those of Standard Webhooks, over id, timestamp and body."""
    headers = {"Content-Type": "application/json", "User-Agent": "API-Monitor"}
    if message.secret is None or message.kind is not ChannelKind.WEBHOOK:
        return headers
    id, timestamp = f"msg_{message.delivery_id.hex}", str(int(now.timestamp()))
    key = base64.b64decode(message.secret.removeprefix(SECRET_PREFIX))
    signed = f"{id}.{timestamp}.{message.body}".encode()
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        **headers,
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def delay_after(number: int) -> timedelta | None:
    """How long to wait after the failed attempt *number*; None: it was the last."""
    if number >= MAX_ATTEMPTS:
        return None
    delay_s = DELAYS_S[number - 1] * random.uniform(1, 1 + JITTER)
    return timedelta(seconds=delay_s)
