"""The calls of /v1/logs."""

import time
from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web

from api.ingest.asked import intake_by, intake_of, repeat_key_of
from api.input import read
from api.input.errors import answer, nothing, written
from api.input.log_schemas import LogChanges
from api.input.pushed_log import PushedLog, log_in
from api.input.time_budget import TimeBudget
from api.output import lists
from api.output.details import Details
from api.output.log import shown_item
from api.output.pushed import pushed_json
from api.output.stored import Pushed, detail_of
from api.parts import Parts
from api.rights import Right, known_service, need, need_service, sender_of
from monitor import times
from monitor.errors import NotFound, Unavailable
from monitor.logs.cursor import encode_cursor
from monitor.logs.log import LogDetail, LogPage
from monitor.logs.query import parse_delete_query, parse_log_query
from monitor.loop.fair_queue import FairQueue
from monitor.storage.commit.idempotency import RepeatKey
from monitor.storage.commit.writer import LATE


class LogCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._details = Details(parts.helpers)
        settings = parts.settings
        self._turns = FairQueue(
            places=settings.ingest_places, most_waiting=settings.ingest_waiting
        )

    async def ingest(self, request: web.Request) -> web.Response:
        """201 with the stored log, once it is committed."""
        patience = TimeBudget(self._parts.settings.ingest_timeout_s)
        service_id = known_service(request, self._parts)
        if service_id is None:
            async with patience.wait("PostgreSQL did not answer in time"):
                service_id = await need_service(request, self._parts)
        read.no_query(request)
        # Before its turn: a slow client would hold a place.
        began = time.monotonic()
        content = await read.json_content(request)
        patience.give_back(time.monotonic() - began)
        sender = sender_of(request)
        try:
            await self._turns.enter(sender, until=patience.until)
        except TimeoutError:
            said = "too much is being stored; this log is not"
            raise Unavailable(said, retry_after_s=1) from None
        try:
            stored = await self._ingest(request, content, service_id, patience)
        finally:
            self._turns.leave(sender)
        location = f"/v1/logs/{stored.id}"
        return written(await self._shown(stored), status=201, Location=location)

    async def _shown(self, stored: LogDetail | Pushed) -> bytes:
        if isinstance(stored, LogDetail):
            return await self._details.json(stored)
        shown = pushed_json(stored)
        return shown or await self._details.json(detail_of(stored))

    async def _ingest(
        self,
        request: web.Request,
        content: bytes,
        service_id: UUID,
        patience: TimeBudget,
    ) -> LogDetail | Pushed:
        new, unknown = log_in(content)
        if unknown:
            self._parts.counters.ingest_ignored_fields.inc(unknown)
        key = await repeat_key_of(request)
        routed = self._parts.routes().by_id(service_id)
        if key is not None or routed is None or new.timestamp is not None:
            async with patience.wait(LATE):
                return await self._ingest_asking(service_id, new, key, patience)
        exchange = intake_by(self._parts, routed).exchange(new)
        await self._parts.writer.write(exchange, until=patience.until)
        return Pushed(exchange, routed.name)

    async def _ingest_asking(
        self,
        service_id: UUID,
        new: PushedLog,
        key: RepeatKey | None,
        patience: TimeBudget,
    ) -> LogDetail:
        """Where PostgreSQL knows what is needed: of the service, of the *key*."""
        intake = await intake_of(self._parts, service_id, dated=bool(new.timestamp))
        exchange = intake.exchange(new)
        if key is None:
            await self._parts.writer.write(exchange, until=patience.until)
            id = exchange.id
        else:
            # The log may be one that the key has stored already.
            id = await self._parts.writer.write_once(exchange, key)
        detail = await self._parts.stores.logs.get(id)
        if detail is None:
            raise NotFound("the service is gone, or the log was deleted")
        return detail

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        filter, page = parse_log_query(request.query.items(), self._parts.queries)
        return answer(_shown_page(await self._parts.stores.logs.page(filter, page)))

    async def get(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        read.no_query(request)
        detail = await self._parts.stores.logs.get(read.id_in_path(request, "log_id"))
        if detail is None:
            raise NotFound("there is no such log")
        return written(await self._details.json(detail))

    async def messages(self, request: web.Request) -> web.Response:
        """Those that are kept, in the order in which they passed."""
        await need(request, self._parts, Right.READ)
        id = read.id_in_path(request, "log_id")
        limit, offset = read.page(request)
        found = await self._parts.stores.messages.page(id, limit=limit, offset=offset)
        if found is None:
            raise NotFound("there is no such log")
        messages, total = found
        items, is_all = await self._details.messages(id, messages)
        envelope = lists.envelope(orjson.Fragment(items), total, limit, offset)
        return answer({**envelope, "complete": is_all})

    async def change(self, request: web.Request) -> web.Response:
        """Pin, tag or annotate a log."""
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "log_id")
        changes, _ = await read.body(request, LogChanges)
        given = changes.model_dump(exclude_unset=True)
        is_there = await self._parts.stores.marks.change(id, given)
        detail = await self._parts.stores.logs.get(id) if is_there else None
        if detail is None:
            raise NotFound("there is no such log")
        return written(await self._details.json(detail))

    async def delete(self, request: web.Request) -> web.Response:
        """Remove a log with all that was kept of it, replays of it too."""
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        if not await self._parts.deletions.one(read.id_in_path(request, "log_id")):
            raise NotFound("there is no such log")
        return nothing()

    async def delete_found(self, request: web.Request) -> web.Response:
        """The same for those that the list's filters find."""
        await need(request, self._parts, Right.MANAGE)
        filter, after, limit, dry_run = parse_delete_query(
            request.query.items(),
            self._parts.queries,
            most=self._parts.settings.delete_limit,
        )
        deleted = await self._parts.deletions.many(
            filter, after=after, limit=limit, dry_run=dry_run
        )
        left = deleted.left_after
        return answer(
            {
                "deleted": deleted.logs,
                "replays_deleted": deleted.replays,
                "dry_run": dry_run,
                "complete": left is None,
                "next_cursor": None if left is None else encode_cursor(left),
            }
        )


def _shown_page(page: LogPage) -> dict[str, Any]:
    parts = [asdict(part) for part in page.parts]
    return {
        "items": [shown_item(item) for item in page.items],
        "total": page.total,
        "total_at_least": page.total_at_least,
        "limit": page.limit,
        "offset": page.offset,
        "next_cursor": page.next_cursor,
        "prev_cursor": page.prev_cursor,
        "complete": page.complete,
        "searched_to": page.searched_to and times.format(page.searched_to),
        **({"parts": parts} if parts else {}),
    }
