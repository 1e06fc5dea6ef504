"""Rows of a batch on their way: through a process beside, and into the file in order.

What reads, checks and masks a row takes longer than all else that becomes of it. Beside
the loop that serves it holds up nobody, and PostgreSQL stores meanwhile.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from api.ingest.batch_file import Batch
from api.ingest.beside import Made, order_of, reader_of, take
from api.parts import Parts
from monitor.errors import TooLarge
from monitor.loop.doing import DOING
from monitor.loop.giving_way import give_way
from monitor.offload.outcome import OutcomeKind, Unworked

# What goes to the process at once; what is less than LITTLE_BYTES in all stays here.
PARCEL_BYTES = 256 * 1024
PARCEL_ROWS = 500
LITTLE_BYTES = 64 * 1024
# One is worked on, one waits for it.
PARCELS_AT_ONCE = 2
# Python between two looks at other connections, and rows between two of those.
TURN_S = 0.001
ROWS_AT_ONCE = 16
BYTES_AT_ONCE = 8 * 1024


class Taking:
    """*noted* is called when rows were kept."""

    def __init__(
        self, parts: Parts, batch: Batch, *, noted: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._batch = batch
        self._order = order_of(batch)
        self._noted = noted
        self._has_helper = parts.settings.ingest_processes > 0
        self._count = 0
        self._rows: list[bytes] = []
        self._bytes = 0
        self._on_the_way: deque[asyncio.Task[None]] = deque()

    async def add(self, rows: list[bytes]) -> None:
        """Raises TooLarge beyond the bound of rows."""
        most = self._parts.settings.batch_limit_rows
        for row in rows:
            if self._count >= most:
                raise TooLarge(f"the batch has more than {most} rows")
            self._count += 1
            self._rows.append(row)
            self._bytes += len(row)
            if self._bytes >= PARCEL_BYTES or len(self._rows) >= PARCEL_ROWS:
                await self._send()
        if not self._has_helper:
            await self._send()
        await _breathe()

    async def close(self) -> None:
        """The last row was added; all are kept when this returns."""
        if not self._on_the_way and self._bytes < LITTLE_BYTES:
            rows, first = self._next_rows()
            await self._at_once(rows, first)
        else:
            await self._send()
        while self._on_the_way:
            await self._on_the_way.popleft()

    async def give_up(self) -> None:
        """Nothing is on its way any more."""
        await asyncio.gather(*self._on_the_way, return_exceptions=True)
        self._on_the_way.clear()

    async def _send(self) -> None:
        rows, first = self._next_rows()
        if not rows or self._batch.is_refused:
            return
        if not self._has_helper:
            await self._at_once(rows, first)
            return
        while len(self._on_the_way) >= PARCELS_AT_ONCE:
            await self._on_the_way.popleft()
        before = self._on_the_way[-1] if self._on_the_way else None
        self._on_the_way.append(asyncio.create_task(self._pass(rows, first, before)))

    def _next_rows(self) -> tuple[list[bytes], int]:
        """Those that wait, and the position of the first."""
        rows, self._rows, self._bytes = self._rows, [], 0
        return rows, self._count - len(rows)

    async def _pass(
        self, rows: list[bytes], first: int, before: asyncio.Task[None] | None
    ) -> None:
        """Through the process, and into the file behind those *before*."""
        self._batch.being_taken += 1
        try:
            made = await self._beside(rows, first)
            if before is not None:
                await before
            if made is None:
                await self._at_once(rows, first)
                return
            for what, n in made.withheld.items():
                self._parts.redaction.tell(what, n)
            self._batch.keep(made.taken)
        finally:
            self._batch.being_taken -= 1
        self._noted()

    async def _beside(self, rows: list[bytes], first: int) -> Made | None:
        """None where no process could do it: then it is done here."""
        lease = self._batch.intake.ids.lease(len(rows))
        try:
            return await self._parts.takers.do(
                OutcomeKind.BATCH,
                self._order.service_id,
                take,
                self._order,
                rows,
                first,
                lease,
                is_little=False,
            )
        except Unworked:
            return None

    async def _at_once(self, rows: list[bytes], first: int) -> None:
        """In this process, a little at a time."""
        batch = self._batch
        for few in _fewer(rows):
            if batch.is_refused:
                return
            batch.keep(reader_of(self._order, batch.intake).taken(few, first))
            first += len(few)
            self._noted()
            await _breathe()


async def _breathe() -> None:
    """Others have the event loop now and then."""
    if DOING.lasted() > TURN_S:
        await give_way()


def _fewer(rows: list[bytes]) -> list[list[bytes]]:
    """*rows* in parts that take a moment each."""
    parts: list[list[bytes]] = []
    part: list[bytes] = []
    size = 0
    for row in rows:
        part.append(row)
        size += len(row)
        if size >= BYTES_AT_ONCE or len(part) >= ROWS_AT_ONCE:
            parts.append(part)
            part, size = [], 0
    if part:
        parts.append(part)
    return parts
