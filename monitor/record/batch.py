"""Batches of exchanges: the days, the services, the rows by table of one."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from monitor.record.binary import NULL
from monitor.record.codec import Recorded
from monitor.record.columns import COUNT_SIZE, WHOLE_COLUMNS
from monitor.record.header_sets import HeaderSet, HeaderSets, Heads
from monitor.record.pack import pack
from monitor.record.parts.cut import cut
from monitor.record.passed.sections import Sections
from monitor.traffic.exchange import Exchange

# PostgreSQL's binary COPY: a signature, no flags, no extension; the end.
BEGINNING: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END: Final = b"\xff\xff"
WHOLE_BEGINS: Final = len(WHOLE_COLUMNS).to_bytes(COUNT_SIZE, "big")
DAY_MS: Final = 86_400_000
# Each is a task and a timer of asyncpg's. The memory of larger ones goes back to the
# kernel each time.
PART_BYTES: Final = 120 * 1024

Storable = Exchange | Recorded


class Gathered:
    """The rows of a batch, by table; *told* are the exchanges with messages.

    Rows of *logs* are as they were packed: whole once their header sets are stored.
    Those of *bodies* are cut.
    """

    __slots__ = ("_heads", "_sets", "bodies", "logs", "told", "used")

    def __init__(self, sets: HeaderSets) -> None:
        self.logs: list[bytes] = []
        self.bodies: list[bytes] = []
        self.told: list[Exchange] = []
        # In the order in which they were met.
        self.used: dict[HeaderSet, None] = {}
        self._sets = sets
        self._heads: list[Heads] = []

    def add(self, storables: Sequence[Storable]) -> None:
        """Raises ValueError for what no column holds."""
        for storable in storables:
            if isinstance(storable, Recorded):
                if storable.passed is not None:
                    self._add_passed(storable, storable.passed)
                    continue
                rows = storable.rows()
                if storable.has_messages:
                    self.told.append(storable.exchange())
            else:
                rows = pack(storable)
                if storable.messages is not None:
                    self.told.append(storable)
            self._add(rows.log, self._sets.apart(rows.detail), rows.body)

    def _add_passed(self, storable: Recorded, passed: Sections) -> None:
        if storable.has_messages:
            self.told.append(storable.exchange())
        self._add(passed.log(), self._sets.passed(passed), passed.bodies())

    def _add(self, log: bytes, heads: Heads, body: bytes) -> None:
        if heads.sent is not None:
            self.used[heads.sent] = None
        if heads.received is not None:
            self.used[heads.received] = None
        self.logs.append(log)
        self._heads.append(heads)
        if body:
            self.bodies += cut(body)

    def whole(self, ids: dict[HeaderSet, bytes]) -> list[bytes]:
        """Rows of logs, in pieces; *ids* are fields, of all sets that are used."""
        pieces: list[bytes] = []
        for log, heads in zip(self.logs, self._heads, strict=True):
            sent, received = heads.sent, heads.received
            pieces.append(WHOLE_BEGINS)
            pieces.append(log[COUNT_SIZE:])
            pieces.append(heads.fields)
            pieces.append(NULL if sent is None else ids[sent])
            pieces.append(NULL if received is None else ids[received])
        return pieces


def copied(rows: Iterable[bytes]) -> Iterator[bytes]:
    """What COPY is told of *rows*, in parts."""
    part, size = [BEGINNING], 0
    for row in rows:
        part.append(row)
        size += len(row)
        if size >= PART_BYTES:
            yield b"".join(part)
            part, size = [], 0
    part.append(END)
    yield b"".join(part)


def exchange_of(storable: Storable) -> Exchange:
    return storable.exchange() if isinstance(storable, Recorded) else storable


def days_of(storables: Iterable[Storable]) -> set[date]:
    """On which days of UTC they began; their ids say it."""
    return dates_of(
        {int.from_bytes(storable.key[:6], "big") // DAY_MS for storable in storables}
    )


def day_in(id: UUID) -> int:
    """The day that *id* says, of UTC since 1970."""
    return (id.int >> 80) // DAY_MS


def dates_of(days: Iterable[int]) -> set[date]:
    return {datetime.fromtimestamp(day * DAY_MS // 1000, UTC).date() for day in days}


def services_of(storables: Iterable[Storable]) -> list[UUID]:
    """Whose they are; each once."""
    found: dict[int, UUID] = {}
    for storable in storables:
        found[storable.service_id.int] = storable.service_id
    return list(found.values())
