"""The calls of /v1/channels."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from api.input import read
from api.input.errors import answer, nothing
from api.input.watching.channel_schemas import ChannelChanges, NewChannel, check
from api.output import lists
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.alerts.channel import (
    Attempt,
    Channel,
    Delivery,
    new_secret,
)
from monitor.alerts.kinds import ChannelKind
from monitor.alerts.receivers import PAGERDUTY_URL
from monitor.errors import NotFound
from monitor.network.telling import tell


class ChannelCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def create(self, request: web.Request) -> web.Response:
        """201; the secret of a webhook is shown this once."""
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        new, _ = await read.body(request, NewChannel)
        fields, kind = new.model_dump(), ChannelKind(new.kind)
        if kind is ChannelKind.PAGERDUTY and new.url is None:
            fields["url"] = PAGERDUTY_URL
        check(kind, fields, can_mail=self._can_mail)
        fields["service_id"] = UUID(new.service_id) if new.service_id else None
        secret = new_secret() if kind is ChannelKind.WEBHOOK else None
        channel = await self._parts.stores.channels.create(
            fields, secret=secret or new.routing_key
        )
        if channel is None:
            raise NotFound("there is no such service")
        return answer(
            {**shown(channel), "secret": secret},
            status=201,
            Location=f"/v1/channels/{channel.id}",
        )

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        limit, offset, service_id = read.page_of_a_service(request)
        found, total = await self._parts.stores.channels.page(
            service_id=service_id, limit=limit, offset=offset
        )
        items = [shown(channel) for channel in found]
        return answer(lists.envelope(items, total, limit, offset))

    async def get(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        read.no_query(request)
        return answer(shown(await self._channel(request)))

    async def change(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "channel_id")
        changes, _ = await read.body(request, ChannelChanges)
        given = changes.model_dump(exclude_unset=True)
        held = await self._channel(request)
        check(held.kind, given, can_mail=self._can_mail)
        if "routing_key" in given:
            given["secret"] = given.pop("routing_key")
        channel = await self._parts.stores.channels.change(id, given)
        if channel is None:
            raise NotFound("there is no such channel")
        return answer(shown(channel))

    async def delete(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "channel_id")
        if not await self._parts.stores.channels.delete(id):
            raise NotFound("there is no such channel")
        return nothing()

    async def test(self, request: web.Request) -> web.Response:
        """200, what became of a message that says it is a test; tried once."""
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        await read.no_fields(request)
        channel, now = await self._channel(request), datetime.now(UTC)
        message = await self._parts.stores.deliveries.begin_test(channel, now)
        if message is None:
            raise NotFound("there is no such channel")
        outcome = await tell(self._parts.outbound, message, now)
        await self._parts.stores.deliveries.finish(message, outcome, now, is_last=True)
        delivery = await self._parts.stores.deliveries.get(message.delivery_id)
        if delivery is None:
            raise NotFound("the channel is gone")
        return answer(shown_delivery(delivery))

    async def deliveries(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        limit, offset = read.page(request)
        channel = await self._channel(request)
        found, total = await self._parts.stores.deliveries.page(
            channel_id=channel.id, limit=limit, offset=offset
        )
        items = [shown_delivery(delivery) for delivery in found]
        return answer(lists.envelope(items, total, limit, offset))

    @property
    def _can_mail(self) -> bool:
        return self._parts.settings.mail_server is not None

    async def _channel(self, request: web.Request) -> Channel:
        id = read.id_in_path(request, "channel_id")
        channel = await self._parts.stores.channels.get(id)
        if channel is None:
            raise NotFound("there is no such channel")
        return channel


def shown(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.id,
        "service_id": channel.service_id,
        "name": channel.name,
        "kind": channel.kind.value,
        "url": channel.shown_url,
        "is_active": channel.is_active,
        "created_at": times.format(channel.created_at),
        "updated_at": times.format(channel.updated_at),
    }


def shown_delivery(delivery: Delivery) -> dict[str, Any]:
    upcoming = delivery.next_attempt_at
    return {
        "id": delivery.id,
        "channel_id": delivery.channel_id,
        "alert_id": delivery.alert_id,
        "event_id": delivery.event_id,
        "state": delivery.state.value,
        "next_attempt_at": upcoming and times.format(upcoming),
        "created_at": times.format(delivery.created_at),
        "attempts": [_shown_attempt(attempt) for attempt in delivery.attempts],
    }


def _shown_attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "started_at": times.format(attempt.started_at),
        "status_code": attempt.status_code,
        "error": attempt.error,
        "duration_ms": attempt.duration_ms,
    }
