"""A batch is stored while it is still coming, and still all of it or nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from api.ingest.batch_file import STEP_ROWS
from monitor.loop.doing import DOING
from monitor.loop.giving_way import give_way
from monitor.storage.commit import rows as rows_stored
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

# Until something of them is stored.
MOST_STEPS = 200
Rows = list[dict[str, Any]]


def rows(count: int = STEP_ROWS, **fields: Any) -> Rows:
    return [{**LOG, "source_ip": str(n), **fields} for n in range(count)]


def lines(each: Rows) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in each)


@pytest_asyncio.fixture
async def client(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        appliance_on(database_url, tmp_path) as made,
        client_of(made, timeout=60) as client,
    ):
        key = await make_key(client, (await register(client))["id"])
        client.headers.update(bearer(key["raw_key"]))
        yield client


@pytest_asyncio.fixture
async def is_storing(database_url: str) -> AsyncIterator[Callable[[], Any]]:
    """Whether a transaction has written something that is not committed."""
    connection = await asyncpg.connect(database_url)

    async def ask() -> bool:
        found: bool = await connection.fetchval(
            """
            SELECT count(*) > 0
              FROM pg_stat_activity
             WHERE backend_xid IS NOT NULL AND datname = current_database()
               AND pid <> pg_backend_pid()
            """
        )
        return found

    yield ask
    await connection.close()


async def push(
    client: httpx.AsyncClient, content: Any, **headers: str
) -> httpx.Response:
    return await client.post(
        "/v1/logs/batch",
        content=content,
        headers={"Content-Type": "application/x-ndjson", **headers},
    )


async def stored(client: httpx.AsyncClient) -> int:
    return (await client.get("/v1/metrics")).json()["total_requests"]  # type: ignore[no-any-return]


async def until_storing(
    is_storing: Callable[[], Any], sent: list[int]
) -> AsyncIterator[bytes]:
    """Steps, one after the other; *sent* has the rows of each."""
    step = lines(rows())
    while not await is_storing():
        assert len(sent) < MOST_STEPS
        sent.append(STEP_ROWS)
        yield step


@pytest.mark.parametrize("end", [b"{}\n", b"{\n", b'{"a":' * 101, None])
async def test_what_was_stored_ahead_of_a_bad_end_is_undone(
    client: httpx.AsyncClient, is_storing: Callable[[], Any], end: bytes | None
) -> None:
    sent: list[int] = []

    async def content() -> AsyncIterator[bytes]:
        async for step in until_storing(is_storing, sent):
            yield step
        if end is None:
            raise OSError("the client dies")
        yield end

    if end is None:
        with pytest.raises(OSError, match="dies"):
            await push(client, content())
    else:
        answer = await push(client, content())
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["loc"][:2] == ["body", sum(sent)]
    while await is_storing():
        await asyncio.sleep(0.01)
    assert await stored(client) == 0


async def test_what_is_stored_ahead_is_told_as_ingest(
    client: httpx.AsyncClient,
    is_storing: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[int] = []
    doings: list[str] = []

    async def note() -> None:
        doings.append(DOING.now.word)
        await give_way()

    async def content() -> AsyncIterator[bytes]:
        async for step in until_storing(is_storing, sent):
            yield step

    monkeypatch.setattr(rows_stored, "give_way", note)
    assert (await push(client, content())).status_code == 201
    assert set(doings) == {"ingest"}


async def test_a_client_that_pauses_holds_nothing_open_and_has_all_stored(
    client: httpx.AsyncClient, is_storing: Callable[[], Any]
) -> None:
    sent: list[int] = []

    async def content() -> AsyncIterator[bytes]:
        async for step in until_storing(is_storing, sent):
            yield step
        while await is_storing():
            await asyncio.sleep(0.01)
        yield lines(rows(7))

    answer = await push(client, content())
    assert answer.status_code == 201, answer.text
    ids = answer.json()["ids"]
    assert len(set(ids)) == sum(sent) + 7 == await stored(client)
    last = (await client.get(f"/v1/logs/{ids[-1]}")).json()
    assert last["source_ip"] == "6"


async def test_rows_of_another_day_come_late(client: httpx.AsyncClient) -> None:
    moment = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    late = rows(5, timestamp=moment)
    answer = await push(client, lines([*rows(), *rows(), *late]))
    assert answer.status_code == 201, answer.text
    assert await stored(client) == 2 * STEP_ROWS + 5
    log = (await client.get(f"/v1/logs/{answer.json()['ids'][-1]}")).json()
    assert log["timestamp"][:19] == moment[:19]


async def test_a_retry_of_what_was_stored_ahead_stores_nothing_twice(
    client: httpx.AsyncClient,
) -> None:
    body = lines([*rows(), *rows(), *rows(3)])
    first, again = [
        await push(client, body, **{"Idempotency-Key": "a"}) for _ in range(2)
    ]
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert await stored(client) == 2 * STEP_ROWS + 3
