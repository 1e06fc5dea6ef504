"""What a list says of its logs beside their rows, and what is usual of an endpoint."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from monitor.logs.metrics import EndpointKey
from monitor.storage.beside.remarks import Remarks
from monitor.storage.beside.usual import Usual
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.traffic.exchange import Body, BodyState
from monitor.traffic.ids import LogIds
from monitor.traffic.message import Medium, Messages
from tests.support.exchanges import an_exchange

IDS = LogIds()


async def a_service(database: Database) -> UUID:
    id, now = uuid4(), datetime.now(UTC)
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO services (id, slug, name, created_at, updated_at) "
            "VALUES ($1, $2, $2, $3, $3)",
            id,
            str(id),
            now,
        )
    return id


def body(kept: bytes, size: int, state: BodyState = BodyState.KEPT) -> Body:
    return Body(kept=kept, size=size, state=state)


def messages(medium: Medium) -> Messages:
    return Messages(medium=medium, kept=(), count=3)


async def test_a_row_says_what_became_of_its_log_and_what_is_usual_there(
    database_url: str,
) -> None:
    database = await Database.open(database_url, size=2)
    try:
        service = await a_service(database)
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        logs = {
            "plain": an_exchange(service, path="/users/7"),
            "truncated": an_exchange(service, response_body=body(b"ab", 9)),
            "masked": an_exchange(
                service, request_body=body(b"{}", 2, BodyState.REDACTED)
            ),
            "withheld": an_exchange(
                service, response_body=body(b"", 5, BodyState.WITHHELD)
            ),
            "websocket": an_exchange(service, messages=messages(Medium.WEBSOCKET)),
            "stream": an_exchange(service, messages=messages(Medium.EVENT_STREAM)),
        }
        usual = [
            an_exchange(
                service, id=IDS.at(hour_ago), path=f"/users/{n}", latency_ms=float(n)
            )
            for n in range(1, 101)
        ]
        async with database.connection() as connection:
            await commit(connection, Partitions(), [*logs.values(), *usual])

        remarks = await Remarks(database).of([log.id for log in logs.values()])
        said = {name: remarks[log.id] for name, log in logs.items()}
        for name, told in said.items():
            flags = {
                "truncated": told.is_truncated,
                "masked": told.is_masked,
                "withheld": told.is_withheld,
                "websocket": told.is_websocket,
                "stream": told.is_stream,
            }
            assert {flag for flag, is_set in flags.items() if is_set} == {name} & {
                *flags
            }
            assert not told.was_replayed
            assert told.note is None
        assert await Remarks(database).of([]) == {}
        assert await Remarks(database).of([IDS.new()]) == {}

        endpoint = said["plain"].endpoint
        key = EndpointKey(service, "GET", endpoint)
        other = EndpointKey(service, "POST", endpoint)
        reader = Usual(database)
        found = await reader.of([key, other])
        assert found.keys() == {key}
        assert found[key].requests == 101
        p95_ms = found[key].p95_ms
        assert p95_ms is not None
        assert 94 <= p95_ms <= 97
        # It is known for a while.
        async with database.connection() as connection:
            await connection.execute("ALTER TABLE rollup_changes RENAME TO gone")
        assert await reader.of([key]) == found
        assert await Usual(database).of([key]) == {}
    finally:
        await database.close()
