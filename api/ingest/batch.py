"""The call that takes many logs at once, without holding them all."""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, TypeVar
from uuid import UUID

from aiohttp import web

from api.ingest.asked import idempotency_key, intake_of
from api.ingest.batch_file import Batch
from api.ingest.har_batch import HarBatch, check_har, har_query
from api.ingest.storing import Storing
from api.ingest.taking import Taking
from api.input import json_input, read
from api.input.errors import accepted, shown_error
from api.input.time_budget import TimeBudget
from api.parts import Parts
from api.rights import need_service, need_to_fill, sender_of
from monitor.errors import (
    TooLarge,
    TooManyRequests,
    Unavailable,
    UnsupportedMediaType,
)
from monitor.export.har_messages import Bounds
from monitor.json.member import MemberSplitter
from monitor.json.stream import ArraySplitter, LineSplitter, Splitter
from monitor.settings import Settings
from monitor.storage.commit.idempotency import repeat_key

LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
# What is taken apart at once.
SLICE_BYTES = 8 * 1024
# An entry of a HAR has a whole page's bodies in it: as many rows' bytes.
ENTRY_ROWS = 8
SILENT = "PostgreSQL did not answer in time"
Kind = TypeVar("Kind", bound=Batch)


class BatchCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        # How many batches of each key are being taken.
        self._taking: Counter[bytes] = Counter()

    async def ingest(self, request: web.Request) -> web.Response:
        """201 with the ids, once all are committed; one bad row and none is."""
        service_id = await self._service(request)
        read.no_query(request)
        splitter = _splitter(request, self._parts.settings)
        ids, _ = await self._ingest(request, service_id, splitter, Batch)
        return await accepted(ids)

    async def import_har(self, request: web.Request) -> web.Response:
        """The same for the entries of a HAR archive."""
        asked = har_query(request)
        service_id = await self._service(request, asked.service_id)
        check_har(request)
        settings = self._parts.settings
        splitter = MemberSplitter(
            ("log", "entries"),
            longest=ENTRY_ROWS * settings.request_limit_bytes,
            most_values=ENTRY_ROWS * settings.json_limit_values,
            skips=asked.skips,
        )
        bounds = Bounds(
            count=settings.capture_messages,
            each=settings.capture_message_limit,
            bytes=settings.capture_messages_bytes,
        )
        make = partial(HarBatch, asked=asked, bounds=bounds)
        ids, batch = await self._ingest(request, service_id, splitter, make)
        left_out = [shown_error(error) for error in batch.left_out]
        return await accepted(ids, skipped=batch.skipped, left_out=left_out)

    async def _ingest(
        self,
        request: web.Request,
        service_id: UUID,
        splitter: Splitter,
        make: Callable[..., Kind],
    ) -> tuple[tuple[UUID, ...], Kind]:
        key = idempotency_key(request)
        with self._one_more(request), self._file() as file:
            async with self._patience().wait(SILENT):
                intake = await intake_of(self._parts, service_id, dated=True)
            batch = make(intake, file)
            storing = Storing(self._parts, service_id, batch)
            taking = Taking(self._parts, batch, noted=storing.note)
            try:
                digest = await self._take(
                    request, splitter, batch, taking, is_keyed=key is not None
                )
                await batch.settle()
                self._parts.counters.ingest_ignored_fields.inc(batch.ignored_fields)
                repeated = None if key is None else repeat_key(key, digest)
                ids = await storing.finish(repeated)
            finally:
                await taking.give_up()
                await storing.give_up()
        return ids, batch

    async def _service(self, request: web.Request, named: UUID | None = None) -> UUID:
        async with self._patience().wait(SILENT):
            if named is None:
                return await need_service(request, self._parts)
            return await need_to_fill(request, self._parts, named)

    def _patience(self) -> TimeBudget:
        return TimeBudget(self._parts.settings.ingest_timeout_s)

    @contextmanager
    def _one_more(self, request: web.Request) -> Iterator[None]:
        """Of several places one is left to other keys."""
        sender, most = sender_of(request), self._parts.settings.batches_at_once
        is_full = self._taking.total() >= most
        if is_full or self._taking[sender] >= max(most - 1, 1):
            raise TooManyRequests(
                "BATCHES_AT_ONCE batches are being taken", retry_after_s=1
            )
        self._taking[sender] += 1
        try:
            yield
        finally:
            self._taking[sender] -= 1
            if not self._taking[sender]:
                del self._taking[sender]

    @contextmanager
    def _file(self) -> Iterator[IO[bytes]]:
        """Without a name, so that nothing is left of it whatever happens."""
        try:
            with tempfile.TemporaryFile(dir=self._parts.settings.data_dir) as file:
                yield file
        except OSError:
            raise Unavailable(
                "DATA_DIR has no room for the batch", retry_after_s=60
            ) from None

    async def _take(
        self,
        request: web.Request,
        splitter: Splitter,
        batch: Batch,
        taking: Taking,
        *,
        is_keyed: bool,
    ) -> bytes:
        """Read the body to its end; the digest of it, where it *is_keyed*.

        What follows a hundred errors is read and not looked at, so that the client
        gets its answer.
        """
        digest, size = hashlib.sha256(_place(request)), 0
        try:
            async for piece in read.pieces(request):
                size += len(piece)
                if size > self._parts.settings.batch_limit_bytes:
                    raise TooLarge("the body is over BATCH_LIMIT_BYTES")
                if is_keyed:
                    digest.update(piece)
                for start in range(0, len(piece), SLICE_BYTES):
                    if batch.is_refused:
                        break
                    await taking.add(splitter.feed(piece[start : start + SLICE_BYTES]))
            if not batch.is_refused:
                await taking.add(splitter.close())
            await taking.close()
        except ValueError as error:
            raise json_input.invalid((), str(error), "json_invalid") from None
        return digest.digest()


def _place(request: web.Request) -> bytes:
    """With the body, what an Idempotency-Key stands for."""
    query = request.query_string
    place = f"{request.path}?{query}" if query else request.path
    return place.encode("utf-8", "replace")


def _splitter(request: web.Request, settings: Settings) -> Splitter:
    longest, most_values = settings.request_limit_bytes, settings.json_limit_values
    media_type = (
        request.content_type.lower() if "Content-Type" in request.headers else ""
    )
    if media_type in LINES:
        return LineSplitter(longest=longest, most_values=most_values)
    if media_type == "application/json":
        return ArraySplitter(longest=longest, most_values=most_values)
    raise UnsupportedMediaType(
        "the body must be application/json or application/x-ndjson"
    )
