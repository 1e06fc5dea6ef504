"""Each record of the spool reaches PostgreSQL exactly once."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from monitor.counters import Counters
from monitor.errors import Unavailable
from monitor.logs.filter import LogFilter, Page
from monitor.record.codec import decode, encode
from monitor.spool.segments import Segment, segments
from monitor.spool.tallies import Tallies
from monitor.spool.writer import Spool
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.endpoints.naming import EndpointNames
from monitor.storage.ledger.dead_letters import DeadLetters
from monitor.storage.ledger.totals import LedgerTotals, Moved
from monitor.storage.logs.reader import LogReader
from monitor.storage.recorder.recorder import Recorder
from monitor.storage.server.server import Server
from monitor.traffic.exchange import Body, Exchange
from monitor.traffic.ids import LogIds
from tests.support.databases import TEST_OPTIONS
from tests.support.exchanges import an_exchange, former_record
from tests.support.patience import PATIENCE_S, eventually
from tests.support.relays import relayed

IDS = LogIds()


class Desk:
    """A spool and a recorder of it."""

    def __init__(self, database: Database, directory: Path) -> None:
        self.directory = directory / "spool"
        self.letters = DeadLetters(directory / "letters.seg")
        self.ledger = LedgerTotals("test")
        self._database = database
        self.counters = Counters()
        self.committed: Callable[[], None] = lambda: None
        self.spool = Spool(self.directory, limit_bytes=1 << 30, segment_bytes=2_000)
        self.recorder = Recorder(
            database,
            directory=self.directory,
            spool=self.spool,
            partitions=Partitions(),
            names=EndpointNames(database, counters=Counters()),
            dead_letters=self.letters,
            ledger=self.ledger,
            tallies=Tallies(directory / "tally", spool=self.directory),
            counters=self.counters,
            committed=lambda: self.committed(),
        )

    def append(self, *exchanges: Exchange) -> None:
        for one in exchanges:
            self.spool.append(encode(one), one.service_id)

    def spooled(self) -> int:
        """Records behind the positions that the recorder knows of."""
        return sum(map(self._behind, segments(self.directory)))

    def _behind(self, segment: Segment) -> int:
        position = self.recorder._positions.get(segment.name, 0)
        try:
            return segment.content(position).labels.total()
        except FileNotFoundError:
            # Its last record was stored meanwhile.
            return 0

    async def counted(self, word: str) -> int:
        """What the ledger has of *word*, of all services."""
        async with self._database.connection() as connection:
            stored = await self.ledger.stored(connection)
        return sum(n for (_, outcome), n in stored.counts.items() if outcome == word)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


async def stored(database: Database) -> list[UUID]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT id FROM logs ORDER BY id")
    return [row["id"] for row in rows]


async def test_what_was_spooled_is_read_back(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    first = an_exchange(
        service_id,
        request_headers=(("A", "1"), ("a", "\x00\xe9")),
        request_body=Body(kept=b"\x00\xff", size=500),
        response_body=Body(kept=b"text", size=4),
        query_params={"nul": "\x00"},
        tags=("a", "b"),
        latency_ms=1.5,
        status_code=200,
    )
    desk.append(first)
    await desk.recorder.record_all()
    detail = await LogReader(database, timeout_ms=60_000).get(first.id)
    assert detail is not None
    assert detail.request_headers == first.request_headers
    assert detail.request_body.content == b"\x00\xff"
    assert detail.request_body.truncated
    assert detail.response_body.content == b"text"
    assert detail.item.query_params == {"nul": "\x00"}
    assert detail.item.tags == ("a", "b")
    assert detail.item.timestamp == first.started_at


async def test_records_of_fewer_columns_are_stored_beside_others(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    """What was spooled before an update, in one batch with what came after."""
    former, now = [
        an_exchange(
            service_id, url=url, tags=("a",), response_body=Body(kept=b"{}", size=2)
        )
        for url in ("http://whole/else", "http://shop/a?b=1")
    ]
    # The last columns are the tags, and the parts of a URL that is not whole.
    desk.spool.append(former_record(former, 1, of_log=4), service_id)
    desk.append(now)
    await desk.recorder.record_all()
    assert await stored(database) == [former.id, now.id]
    reader = LogReader(database, timeout_ms=60_000)
    found, beside = await reader.get(former.id), await reader.get(now.id)
    assert found is not None
    assert beside is not None
    assert found.response_body.content == beside.response_body.content == b"{}"
    assert (found.item.tags, beside.item.tags) == ((), ("a",))
    assert (found.item.url, beside.item.url) == (former.url, now.url)


async def test_recorded_segments_go_and_the_one_in_use_stays(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    made = [an_exchange(service_id) for _ in range(40)]
    desk.append(*made)
    assert len(segments(desk.directory)) > 2
    await desk.recorder.record_all()
    assert await stored(database) == [one.id for one in made]
    assert len(segments(desk.directory)) == 1
    desk.spool.close()
    await desk.recorder.record_all()
    assert segments(desk.directory) == []
    assert desk.spool.held_bytes == 0
    async with database.connection() as connection:
        left = await connection.fetchval("SELECT count(*) FROM spool_positions")
    assert left == 0


async def test_what_comes_while_a_batch_is_recorded_is_gathered_for_the_next(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    made = [an_exchange(service_id)]
    desk.append(*made)

    def go_on() -> None:
        made.append(an_exchange(service_id))
        desk.append(made[-1])

    desk.committed = go_on
    # As long as there is more, each time: it would never end.
    for count in (1, 2):
        await desk.recorder.record_all()
        assert await stored(database) == [one.id for one in made[:count]]
    # What its writer has left is recorded to its end.
    desk.spool.close()
    desk.committed = lambda: None
    await desk.recorder.record_all()
    assert await stored(database) == [one.id for one in made]
    assert segments(desk.directory) == []


async def test_another_recorder_goes_on_where_the_last_one_was(
    desk: Desk, database: Database, service_id: UUID, tmp_path: Path
) -> None:
    before, after = (
        an_exchange(service_id),
        an_exchange(service_id),
    )
    desk.append(before)
    await desk.recorder.record_all()
    desk.append(after)
    await Desk(database, tmp_path).recorder.record_all()
    assert await stored(database) == [before.id, after.id]


async def test_a_value_that_postgresql_refuses_stops_nobody_else(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    good = [an_exchange(service_id) for _ in range(9)]
    bad = an_exchange(service_id, path="/nul\x00")
    desk.append(*good[:4], bad, *good[4:])
    await desk.recorder.record_all()
    assert await stored(database) == [one.id for one in good]
    [letter] = desk.letters.all()
    assert (letter.id, letter.service_id) == (bad.id, service_id)
    assert letter.reason == "CharacterNotInRepertoireError"
    assert decode(letter.record) == bad
    await desk.recorder.record_all()
    assert await stored(database) == [one.id for one in good]
    assert await desk.counted("stored") == 9
    assert desk.letters.counts() == {service_id: 1}


async def test_a_record_that_is_no_exchange_stops_nobody_else(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    good = an_exchange(service_id)
    desk.spool.append(b"nonsense", service_id)
    desk.append(good)
    await desk.recorder.record_all()
    assert await stored(database) == [good.id]
    [letter] = desk.letters.all()
    assert (letter.record, letter.service_id) == (b"nonsense", service_id)


async def test_a_record_of_a_deleted_service_is_dropped_and_counted(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    kept = an_exchange(service_id)
    desk.append(an_exchange(uuid4()), kept)
    await desk.recorder.record_all()
    assert await stored(database) == [kept.id]
    assert await desk.counted("dropped:service_deleted") == 1
    assert await desk.counted("stored") == 1


async def test_a_partition_that_was_dropped_is_made_again(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    first, second = (
        an_exchange(service_id),
        an_exchange(service_id),
    )
    desk.append(first)
    await desk.recorder.record_all()
    async with database.connection() as connection:
        await connection.execute(f"DROP TABLE logs_{first.started_at:%Y%m%d}")
    desk.append(second)
    await desk.recorder.record_all()
    assert await stored(database) == [second.id]


async def test_an_absent_postgresql_is_waited_out(tmp_path: Path) -> None:
    from monitor.storage.database.migrate import migrate_database
    from monitor.storage.registry.services import Services
    from tests.support.databases import MIGRATIONS

    async def publish() -> None:
        """No proxy is there to be told."""

    server = Server(tmp_path / "pg", options=TEST_OPTIONS)
    await asyncio.to_thread(server.start)
    database = await Database.open(server.dsn(), size=5)
    await migrate_database(database, MIGRATIONS)
    service = await Services(database, publish=publish).create({"name": "pay"})
    desk = Desk(database, tmp_path)
    assert desk.recorder.is_behind
    running = asyncio.create_task(desk.recorder.run())
    desk.spool.on_append = desk.recorder.wake
    made = [an_exchange(service.id) for _ in range(30)]
    desk.append(*made[:10])
    await eventually(
        lambda: b'stored_total{source="proxy"} 10.0' in desk.counters.exposition()
    )
    await eventually(lambda: not desk.recorder.is_behind)
    await asyncio.to_thread(server.stop)
    desk.append(*made[10:])
    await eventually(lambda: desk.recorder.is_behind)
    with pytest.raises(Unavailable):
        async with database.connection(timeout_s=1):
            pass
    assert not database.is_up
    await asyncio.to_thread(server.start)
    await eventually(
        lambda: b'stored_total{source="proxy"} 30.0' in desk.counters.exposition()
    )
    assert await stored(database) == [one.id for one in made]
    await eventually(lambda: not desk.recorder.is_behind)
    running.cancel()
    await asyncio.wait([running])
    await database.close()
    await asyncio.to_thread(server.stop)


@pytest.mark.parametrize("how", ["answered", "late", "lost"])
async def test_a_commit_whose_answer_is_lost_is_neither_repeated_nor_believed(
    database_url: str, service_id: UUID, tmp_path: Path, how: str
) -> None:
    with tempfile.TemporaryDirectory() as sockets:
        async with relayed(database_url, Path(sockets)) as (dsn, relay):
            database = await Database.open(dsn, size=3)
            desk = Desk(database, tmp_path)
            made = [an_exchange(service_id) for _ in range(60)]
            desk.append(*made[:20])
            await desk.recorder.record_all()
            relay.cut = how
            desk.append(*made[20:40])
            running = asyncio.create_task(desk.recorder.run())
            await eventually(
                lambda: relay.cuts == 1 and desk.recorder.waits_for is None
            )
            desk.append(*made[40:])
            desk.recorder.wake()
            await eventually(lambda: not desk.spooled())
            running.cancel()
            await asyncio.wait([running])
            assert await stored(database) == [one.id for one in made]
            assert await desk.counted("stored") == 60
            assert desk.letters.all() == []
            await database.close()


async def test_a_position_that_is_not_where_it_was_thought_stops_a_batch(
    desk: Desk, database: Database, service_id: UUID, tmp_path: Path
) -> None:
    made = [an_exchange(service_id) for _ in range(3)]
    desk.append(*made[:2])
    other = Desk(database, tmp_path)
    await desk.recorder.record_all()
    desk.append(made[2])
    # It read the segment when nothing of it was recorded.
    [segment] = segments(desk.directory)
    other.recorder._positions[segment.name] = 0
    with pytest.raises(Moved):
        await other.recorder.record_all()
    await desk.recorder.record_all()
    assert await stored(database) == [one.id for one in made]


async def test_a_stop_within_a_commit_repeats_nothing(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    made = [an_exchange(service_id) for _ in range(3)]
    desk.append(*made)
    await desk.recorder.record_all()
    # Cancelled within the commit, it does not know of it.
    [segment] = segments(desk.directory)
    desk.recorder._positions[segment.name] = 0
    assert await desk.recorder.drain(timeout_s=PATIENCE_S)
    assert await stored(database) == [one.id for one in made]
    assert await desk.counted("stored") == 3


async def test_what_cannot_be_drained_in_time_stays(tmp_path: Path) -> None:
    away = await Database.open("postgresql://nobody@127.0.0.1:1/nothing", size=1)
    desk = Desk(away, tmp_path)
    desk.append(an_exchange(uuid4()))
    assert not await desk.recorder.drain(timeout_s=5)
    assert len(segments(desk.directory)) == 1


@pytest.mark.parametrize(
    ("breaking", "mending"),
    [
        (
            "ALTER DATABASE {} SET default_transaction_read_only = on",
            "ALTER DATABASE {} SET default_transaction_read_only = off",
        ),
        (
            "ALTER ROLE CURRENT_USER IN DATABASE {} SET lock_timeout = 50",
            "ALTER ROLE CURRENT_USER IN DATABASE {} RESET lock_timeout",
        ),
    ],
    ids=["read-only", "lock timeout"],
)
async def test_what_postgresql_refuses_for_a_time_is_waited_out(
    database_url: str,
    service_id: UUID,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    breaking: str,
    mending: str,
) -> None:
    name = urlsplit(database_url).path.lstrip("/")
    admin = await asyncpg.connect(database_url)
    holder = await asyncpg.connect(database_url)
    await admin.execute(breaking.format(name))
    database = await Database.open(database_url, size=2)
    desk = Desk(database, tmp_path)
    desk.append(*(an_exchange(service_id) for _ in range(10)))
    holding = holder.transaction()
    await holding.start()
    await holder.execute("LOCK TABLE apimonitor.logs IN ACCESS EXCLUSIVE MODE")
    caplog.set_level(logging.INFO, logger="monitor.storage.recorder.recorder")
    running = asyncio.create_task(desk.recorder.run())
    await eventually(lambda: desk.recorder.waits_for is not None)
    await asyncio.sleep(0.5)
    await holding.rollback()
    await admin.execute(mending.format(name))
    # What a session was begun with, it keeps.
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = $1 AND pid <> pg_backend_pid()",
        name,
    )
    await eventually(lambda: not desk.spooled() and desk.recorder.waits_for is None)
    running.cancel()
    await asyncio.wait([running])
    assert await desk.counted("stored") == 10
    assert desk.letters.all() == []
    words = [record.message for record in caplog.records]
    assert words.count("recording waits") == 1
    assert words.count("recording goes on") == 1
    for connection in (admin, holder):
        if not connection.is_closed():
            await connection.close()
    await database.close()


async def test_a_damaged_record_is_counted_and_its_segment_kept(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    made = [an_exchange(service_id, path=f"/{n}/here") for n in range(3)]
    desk.append(*made)
    desk.spool.close()
    [segment] = segments(desk.directory)
    content = bytearray(segment.path.read_bytes())
    content[content.index(b"/1/here")] ^= 1
    segment.path.write_bytes(content)
    await desk.recorder.record_all()
    assert await stored(database) == [made[0].id, made[2].id]
    assert await desk.counted("dropped:damaged") == 1
    assert segments(desk.directory) == []
    [aside] = desk.directory.iterdir()
    assert aside.name == f"{segment.name}.damaged"
    assert aside.read_bytes() == content


async def test_a_torn_end_is_counted(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    made = [an_exchange(service_id) for _ in range(2)]
    desk.append(*made)
    desk.spool.close()
    [segment] = segments(desk.directory)
    os.truncate(segment.path, segment.size() - 5)
    await desk.recorder.record_all()
    assert await stored(database) == [made[0].id]
    assert await desk.counted("torn") == 1
    assert list(desk.directory.iterdir()) == []


async def test_full_dead_letters_drop_and_count(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    desk.letters._limit_bytes = 4_000
    bad = [an_exchange(service_id, path=f"/\x00{n}") for n in range(20)]
    desk.append(*bad)
    await desk.recorder.record_all()
    kept = len(desk.letters.all())
    assert 0 < kept < 20
    assert await desk.counted("dropped:dead_letters_full") == 20 - kept
    assert desk.letters.size() <= 4_000


async def test_a_repeated_dead_letter_is_ignored(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    bad = an_exchange(service_id, path="/\x00")
    for _ in range(2):
        desk.letters.append(bad.id, service_id, "x", encode(bad))
    desk.append(bad)
    await desk.recorder.record_all()
    assert [letter.id for letter in desk.letters.all()] == [bad.id]


async def test_writers_are_recorded_in_turn(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    """A busy one does not keep the others waiting."""
    first = [an_exchange(service_id) for _ in range(30)]
    desk.append(*first)
    second = Spool(desk.directory, limit_bytes=1 << 30)
    one = an_exchange(service_id)
    second.append(encode(one), service_id)
    order: list[str] = []
    whole = desk.recorder._record_some

    async def noted(segment: Any) -> bool:
        before = desk.recorder._count
        found = await whole(segment)
        if desk.recorder._count > before:
            order.append(segment.writer)
        return found

    desk.recorder._record_some = noted  # type: ignore[method-assign]
    await desk.recorder.record_all()
    assert second.writer in order[:2]
    assert set(await stored(database)) == {one.id, *(e.id for e in first)}


async def test_a_list_that_takes_too_long_gives_what_it_found_and_goes_on(
    desk: Desk, database: Database, service_id: UUID
) -> None:
    made = [
        an_exchange(
            service_id=service_id,
            path=f"/{n}",
            response_body=Body(kept=b"n" * 50, size=50),
        )
        for n in range(300)
    ]
    desk.append(*made)
    await desk.recorder.record_all()
    reader = LogReader(database, timeout_ms=1)
    found: list[UUID] = []
    cursor: str | None = None
    for tried in range(2000):
        from monitor.logs.cursor import decode_cursor

        at = decode_cursor(cursor) if cursor else None
        page = await reader.page(LogFilter(q="nnn"), Page(limit=50, cursor=at))
        found += [item.id for item in page.items]
        if page.next_cursor is None and page.complete:
            break
        cursor = page.next_cursor or cursor
        # On a busy machine not even the planner is through within 5 ms.
        reader = LogReader(database, timeout_ms=2000 if len(found) else 5 + tried)
    assert sorted(found) == [one.id for one in made]
