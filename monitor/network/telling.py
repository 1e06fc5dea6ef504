"""Telling: a message leaves as its channel's receiver takes it."""

import json
from datetime import datetime

from monitor.alerts.channel import Attempted, headers_of
from monitor.alerts.kinds import ChannelKind
from monitor.network.outbound import Outbound, PostOutcome


async def tell(outbound: Outbound, message: Attempted, now: datetime) -> PostOutcome:
    """Never raises for what the receiver does, or does not."""
    if message.kind is ChannelKind.EMAIL:
        content = json.loads(message.body)
        return await outbound.mail(
            message.url.removeprefix("mailto:"),
            subject=content["subject"],
            text=content["body"],
        )
    body = message.body
    if message.kind is ChannelKind.PAGERDUTY:
        body = json.dumps({"routing_key": message.secret, **json.loads(body)})
    return await outbound.post(message.url, body, headers_of(message, now))
