"""The call that takes many logs at once, without holding them all."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date
from typing import IO, Any
from uuid import UUID

from aiohttp import web

from api import json_input, request
from api.errors import answer
from api.intake import Intake, idempotency_key, intake_of
from api.parts import Parts
from api.rights import need_service
from api.schemas import NewLog
from monitor.codec import decode, encode
from monitor.errors import (
    FieldError,
    InvalidInput,
    TooLarge,
    TooManyRequests,
    Unavailable,
    UnsupportedMediaType,
)
from monitor.exchange import Exchange
from monitor.json_stream import ArraySplitter, LineSplitter, Splitter
from monitor.storage.partitions import day_of
from monitor.storage.repeats import repeat_key

LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
# Python between two looks at other connections: about 2 ms of it.
ROWS_AT_ONCE = 20
STEP_ROWS = 200
LENGTH_BYTES = 4
MOST_ERRORS = json_input.MOST_ERRORS


class Batch:
    """What has been taken of a batch: rows in a file, masked; or what is wrong."""

    def __init__(self, intake: Intake, file: IO[bytes], *, most_rows: int) -> None:
        self._intake = intake
        self._file = file
        self._most_rows = most_rows
        self.ids: list[UUID] = []
        self.days: set[date] = set()
        self.errors: list[FieldError] = []
        self.ignored_fields = 0
        self._rows = 0

    @property
    def is_refused(self) -> bool:
        return len(self.errors) >= MOST_ERRORS

    def take(self, row: bytes) -> None:
        """Raises TooLarge beyond the bound of rows."""
        if self._rows >= self._most_rows:
            raise TooLarge(f"the batch has more than {self._most_rows} rows")
        loc = (self._rows,)
        self._rows += 1
        try:
            value = json_input.value_of(row, loc)
            new = json_input.model_of(value, NewLog, loc)
            exchange = self._intake.exchange(new, loc)
        except InvalidInput as error:
            self.errors += error.errors[: MOST_ERRORS - len(self.errors)]
            return
        self.ignored_fields += len(value.keys() - NewLog.model_fields.keys())
        if not self.errors:
            self._keep(exchange)

    def _keep(self, exchange: Exchange) -> None:
        record = encode(exchange)
        self._file.write(len(record).to_bytes(LENGTH_BYTES, "little") + record)
        self.ids.append(exchange.id)
        self.days.add(day_of(exchange.started_at))

    async def steps(self) -> AsyncIterator[list[Exchange]]:
        """All rows again, a bounded number at a time."""
        self._file.seek(0)
        step: list[Exchange] = []
        while length := self._file.read(LENGTH_BYTES):
            step.append(decode(self._file.read(int.from_bytes(length, "little"))))
            if len(step) == STEP_ROWS:
                yield step
                step = []
        if step:
            yield step


class BatchCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._count = 0

    async def ingest(self, call: web.Request) -> web.Response:
        """201 with the ids, once all are committed; one bad row and none is."""
        settings = self._parts.settings
        service_id = await self._service(call)
        request.no_query(call)
        splitter = _splitter(call, longest=settings.request_limit_bytes)
        key = idempotency_key(call)
        with self._one_more(), self._file() as file:
            intake = await intake_of(self._parts, service_id, dated=True)
            batch = Batch(intake, file, most_rows=settings.batch_limit_rows)
            digest = await self._take(call, splitter, batch)
            if batch.errors:
                raise InvalidInput("some rows are not valid", errors=batch.errors)
            self._parts.counters.ingest_ignored_fields.inc(batch.ignored_fields)
            ids = await self._store(
                service_id,
                batch,
                None if key is None else repeat_key(key, digest),
            )
        return answer({"accepted": len(ids), "ids": ids}, status=201)

    async def _service(self, call: web.Request) -> UUID:
        try:
            async with asyncio.timeout(self._parts.settings.ingest_timeout_s):
                return await need_service(call, self._parts)
        except TimeoutError:
            raise Unavailable(
                "PostgreSQL did not answer in time", retry_after_s=1
            ) from None

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        if self._count >= self._parts.settings.batches_at_once:
            raise TooManyRequests(
                "BATCHES_AT_ONCE batches are being taken", retry_after_s=1
            )
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1

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

    async def _take(self, call: web.Request, splitter: Splitter, batch: Batch) -> bytes:
        """Read the body to its end; the digest of it, for the Idempotency-Key.

        What follows a hundred errors is read and not looked at, so that the client
        gets its answer.
        """
        digest, size = hashlib.sha256(call.path.encode()), 0
        try:
            async for piece in request.pieces(call):
                size += len(piece)
                if size > self._parts.settings.batch_limit_bytes:
                    raise TooLarge("the body is over BATCH_LIMIT_BYTES")
                digest.update(piece)
                if not batch.is_refused:
                    await _take_rows(batch, splitter.feed(piece))
            if not batch.is_refused:
                await _take_rows(batch, splitter.close())
        except ValueError as error:
            raise json_input.invalid((), str(error), "json_invalid") from None
        return digest.digest()

    async def _store(
        self, service_id: UUID, batch: Batch, key: Any
    ) -> tuple[UUID, ...]:
        try:
            async with asyncio.timeout(self._parts.settings.batch_timeout_s):
                return await self._parts.writer.write_many(
                    service_id, batch.days, batch.steps, key=key, ids=batch.ids
                )
        except TimeoutError:
            raise Unavailable(
                "the batch was not stored within BATCH_TIMEOUT_S; nothing of it is, "
                "or all",
                retry_after_s=5,
            ) from None


async def _take_rows(batch: Batch, rows: list[bytes]) -> None:
    for count, row in enumerate(rows, start=1):
        if batch.is_refused:
            return
        batch.take(row)
        if count % ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)


def _splitter(call: web.Request, *, longest: int) -> Splitter:
    media_type = call.content_type.lower() if "Content-Type" in call.headers else ""
    if media_type in LINES:
        return LineSplitter(longest=longest)
    if media_type == "application/json":
        return ArraySplitter(longest=longest)
    raise UnsupportedMediaType(
        "the body must be application/json or application/x-ndjson"
    )
