"""The storing of a batch, which begins while its rows are still coming.

So the app and PostgreSQL work at the same time. What was begun is given up, and rolled
back, where a row is not valid, or where the client pauses: a slow one holds no
transaction open. Then all is stored from the file, once the last row is there.
"""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from api.ingest.batch_file import Batch
from api.parts import Parts
from monitor.errors import Unavailable
from monitor.loop.doing import INGEST
from monitor.loop.steps import stepping
from monitor.record.codec import Recorded
from monitor.storage.commit.idempotency import RepeatKey

# What PostgreSQL may commit within INGEST_TIMEOUT_S.
ROWS_A_SILENCE = 10_000
# A client that takes longer for the rows of a step is slow.
PAUSE_S = 0.25
SILENT = "PostgreSQL did not answer in time; nothing of the batch is stored, or all"


class GivenUp(Exception):
    """What was begun is not to be finished."""


class Storing:
    def __init__(self, parts: Parts, service_id: UUID, batch: Batch) -> None:
        self._parts = parts
        self._service_id = service_id
        self._batch = batch
        self._key: RepeatKey | None = None
        self._begun: asyncio.Task[tuple[UUID, ...]] | None = None
        # Steps that were there when it was looked last, and that more are.
        self._seen = 0
        self._news = asyncio.Event()
        self._is_whole = False
        self._is_given_up = False

    def note(self) -> None:
        """Rows were taken."""
        if self._batch.step_count == self._seen or not self._batch.has_last_ids:
            return
        self._seen = self._batch.step_count
        self._news.set()
        if self._begun is None:
            self._begun = asyncio.create_task(stepping(INGEST, self._store))

    async def finish(self, key: RepeatKey | None) -> tuple[UUID, ...]:
        """The ids, once all are committed. Raises what *write_many* does."""
        self._key, self._is_whole = key, True
        if self._begun is not None:
            self._news.set()
            try:
                return await self._begun
            except GivenUp:
                pass
        return await self._store()

    async def give_up(self) -> None:
        """Nothing of it is stored when this returns, unless all is."""
        if self._begun is None:
            return
        self._is_given_up = True
        self._news.set()
        await asyncio.wait([self._begun])
        if not self._begun.cancelled():
            self._begun.exception()

    async def _store(self) -> tuple[UUID, ...]:
        """As long as PostgreSQL goes on answering, within BATCH_TIMEOUT_S."""
        batch, settings = self._batch, self._parts.settings
        days, now = batch.days, asyncio.get_running_loop().time
        try:
            async with (
                asyncio.timeout(None) as whole,
                asyncio.timeout(settings.ingest_timeout_s) as silence,
            ):

                async def steps() -> AsyncIterator[list[Recorded]]:
                    number = 0
                    while not self._is_whole or number < batch.step_count:
                        if number == batch.step_count:
                            # What the client takes is no silence of PostgreSQL; what
                            # that has begun meanwhile is waited for after it.
                            silence.reschedule(None)
                            try:
                                await self._more()
                            finally:
                                silence.reschedule(now() + settings.ingest_timeout_s)
                        if self._is_whole and whole.when() is None:
                            whole.reschedule(now() + settings.batch_timeout_s)
                        if self._is_given_up or batch.errors or batch.days != days:
                            raise GivenUp
                        silence.reschedule(now() + settings.ingest_timeout_s)
                        if number < batch.step_count:
                            yield batch.step(number)
                            number += 1
                    # The commit is one silence, the longer the more is to be written.
                    silences = 1 + batch.count // ROWS_A_SILENCE
                    silence.reschedule(now() + settings.ingest_timeout_s * silences)

                return await self._parts.writer.write_many(
                    self._service_id,
                    days,
                    steps,
                    key=lambda: self._key,
                    ids=lambda: batch.ids,
                )
        except TimeoutError:
            raise Unavailable(SILENT, retry_after_s=5) from None

    async def _more(self) -> None:
        """There is news. Raises GivenUp where the client pauses."""
        while not self._news.is_set():
            try:
                async with asyncio.timeout(PAUSE_S):
                    await self._news.wait()
            except TimeoutError:
                if not self._batch.being_taken:
                    raise GivenUp from None
        self._news.clear()
