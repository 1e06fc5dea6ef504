"""The calls of /v1/logs."""

from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from aiohttp import web

from api.ingest.intake import intake_of, repeat_key_of
from api.input import read
from api.input.errors import answer, nothing, written
from api.input.log_schemas import LogChanges, NewLog
from api.input.time_budget import TimeBudget
from api.output.details import Details
from api.output.log import shown_item
from api.parts import Parts
from api.rights import Right, need, need_service, sender_of
from monitor import times
from monitor.errors import NotFound
from monitor.logs.cursor import encode_cursor
from monitor.logs.log import LogDetail, LogPage
from monitor.logs.query import parse_delete_query, parse_log_query
from monitor.loop.fair_queue import FairQueue
from monitor.storage.commit.idempotency import RepeatKey


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
        async with patience.wait("PostgreSQL did not answer in time"):
            service_id = await need_service(request, self._parts)
        read.no_query(request)
        # Before its turn: a slow client would hold a place.
        await read.read_body(request)
        said = "PostgreSQL did not answer in time; the log may have been stored"
        async with AsyncExitStack() as stack:
            async with patience.wait("too much is being stored; this log is not"):
                await stack.enter_async_context(self._turns.turn(sender_of(request)))
            async with patience.wait(said):
                detail = await self._ingest(request, service_id)
        location = f"/v1/logs/{detail.item.id}"
        content = await self._details.json(detail)
        return written(content, status=201, Location=location)

    async def _ingest(self, request: web.Request, service_id: UUID) -> LogDetail:
        new, content = await read.body(request, NewLog)
        unknown = content.keys() - NewLog.model_fields.keys()
        self._parts.counters.ingest_ignored_fields.inc(len(unknown))
        id = await self._store(service_id, new, await repeat_key_of(request))
        detail = await self._parts.stores.logs.get(id)
        if detail is None:
            raise NotFound("the service is gone, or the log was deleted")
        return detail

    async def _store(
        self, service_id: UUID, new: NewLog, key: RepeatKey | None
    ) -> UUID:
        """The id of the log, or of the one that *key* has stored already."""
        intake = await intake_of(self._parts, service_id, dated=bool(new.timestamp))
        exchange = intake.exchange(new)
        if key is not None:
            return await self._parts.writer.write_once(exchange, key)
        await self._parts.writer.write(exchange)
        return exchange.id

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        filter, page = parse_log_query(request.query.items())
        return answer(_shown_page(await self._parts.stores.logs.page(filter, page)))

    async def get(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        read.no_query(request)
        detail = await self._parts.stores.logs.get(read.id_in_path(request, "log_id"))
        if detail is None:
            raise NotFound("there is no such log")
        return written(await self._details.json(detail))

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
            request.query.items(), most=self._parts.settings.delete_limit
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
    }
