"""The live tail: in commit order, goes on where it was left, never silent."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import httpx
import pytest

from tests.support.connections import connected, port_of
from tests.support.patience import PATIENCE_S
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_at,
    client_of,
    make_key,
    register,
)
from tests.support.upstreams import OK, answering, upstream


@dataclass
class Event:
    id: int
    name: str
    data: Any


class Follower:
    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self, name: str = "log") -> Event:
        """The next event but for pings."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                key, _, value = line.partition(": ")
                if key:
                    fields[key] = value
                elif fields.get("event", "ping") == "ping":
                    fields = {}
                else:
                    break
        event = Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
        assert event.name == name
        return event


@dataclass
class Scene:
    client: httpx.AsyncClient
    key: dict[str, str]
    service_id: str
    proxy_url: str

    async def push(self, **fields: Any) -> str:
        answer = await self.client.post(
            "/v1/logs", json={**LOG, **fields}, headers=self.key
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]  # type: ignore[no-any-return]

    @asynccontextmanager
    async def follow(
        self, query: str = "", last: int | None = None
    ) -> AsyncIterator[Follower]:
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        url = f"/v1/logs/stream{query}"
        async with self.client.stream("GET", url, headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            yield Follower(answer)


@asynccontextmanager
async def scene_on(
    database_url: str, directory: Path, **settings: str
) -> AsyncIterator[Scene]:
    async with (
        appliance_on(database_url, directory, **settings) as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client)
        key = bearer((await make_key(client, service["id"]))["raw_key"])
        yield Scene(client, key, service["id"], appliance.proxy_url)


async def test_logs_come_as_the_lists_items_in_commit_order(
    database_url: str, tmp_path: Path
) -> None:
    async with scene_on(database_url, tmp_path) as scene, scene.follow() as follower:
        pushed = [await scene.push(path=f"/{n}") for n in range(5)]
        events = [await follower.next() for _ in pushed]
        assert [event.data["id"] for event in events] == pushed
        positions = [event.id for event in events]
        assert positions == list(range(positions[0], positions[0] + 5))
        item = (await scene.client.get("/v1/logs?limit=1")).json()["items"][0]
        assert events[-1].data == item


async def test_captured_logs_come_too(database_url: str, tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as port,
        scene_on(database_url, tmp_path) as scene,
        scene.follow("?source=proxy") as follower,
    ):
        path = f"/v1/services/{scene.service_id}"
        await scene.client.patch(path, json={"base_url": f"http://127.0.0.1:{port}"})
        await scene.push()
        async with client_at() as client:
            answer = await client.get(f"{scene.proxy_url}/pay/a?b=1")
        event = await follower.next()
        assert event.data["id"] == answer.headers["X-Monitor-Log-Id"]


QUERY = "status:5xx path:/api req.body:needle -service:shop source:ingest"


@pytest.mark.parametrize(
    "asked", ["status_class=5xx&path=/api&q=needle", urlencode({"query": QUERY})]
)
async def test_filters_are_those_of_the_list(
    database_url: str, tmp_path: Path, asked: str
) -> None:
    async with (
        scene_on(database_url, tmp_path) as scene,
        scene.follow(f"?{asked}") as follower,
    ):
        await scene.push(path="/api/a", status_code=500)
        await scene.push(path="/api/a", status_code=200, request_body="a needle")
        wanted = await scene.push(
            path="/api/a", status_code=503, request_body="a Needle"
        )
        assert (await follower.next()).data["id"] == wanted


async def test_it_goes_on_after_the_last_event(
    database_url: str, tmp_path: Path
) -> None:
    async with scene_on(database_url, tmp_path) as scene:
        async with scene.follow() as follower:
            await scene.push()
            last = await follower.next()
        pushed = [await scene.push() for _ in range(3)]
        batch = await scene.client.post(
            "/v1/logs/batch", json=[LOG] * 1_200, headers=scene.key
        )
        pushed += batch.json()["ids"]
        async with scene.follow(last=last.id) as follower:
            found = [await follower.next() for _ in pushed]
        assert [event.data["id"] for event in found] == pushed
        # In the middle of what was committed together.
        async with scene.follow(last=found[700].id) as follower:
            assert (await follower.next()).data["id"] == pushed[701]


async def test_who_comes_too_late_is_told_of_the_gap(
    database_url: str, tmp_path: Path
) -> None:
    async with scene_on(database_url, tmp_path, STREAM_KEPT="100") as scene:
        async with scene.follow() as follower:
            await scene.push()
            last = await follower.next()
        missed = [await scene.push() for _ in range(109)]
        ahead = datetime.now(UTC) + timedelta(hours=23)
        missed.append(await scene.push(timestamp=ahead.isoformat()))
        await forget(database_url, 100)
        async with scene.follow(last=last.id) as follower:
            gap = await follower.next("gap")
            assert gap.data["missed"] == 110
            fresh = await scene.push()
            assert (await follower.next()).data["id"] == fresh
        async with scene.follow("?path=/nowhere", last=last.id) as follower:
            # Of all, for which ones they were is forgotten.
            assert (await follower.next("gap")).data["missed"] == 111
        page = await scene.client.get(f"/v1/logs?limit=500&cursor={gap.data['cursor']}")
        assert set(missed) <= {item["id"] for item in page.json()["items"]}


async def test_who_is_too_slow_is_told_of_the_gap(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        scene_on(database_url, tmp_path, STREAM_KEPT="100") as scene,
        AsyncExitStack() as slow,
    ):
        port = port_of(scene.client.base_url)
        # A window that is full soon: nothing is read until all is pushed.
        reader, writer = await slow.enter_async_context(connected(port, limit=1024))
        writer.write(b"GET /v1/logs/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"retry: 2000")
        logs = [{**LOG, "url": f"https://x/{'u' * 8_000}"}] * 200
        for _ in range(15):
            answer = await scene.client.post(
                "/v1/logs/batch", json=logs, headers=scene.key
            )
            assert answer.status_code == 201, answer.text
        await forget(database_url, 100)
        seen = b""
        async with asyncio.timeout(PATIENCE_S):
            while b"event: gap" not in seen:
                seen = seen[-100:] + await reader.read(65_536)
        await slow.aclose()
        counted = (await scene.client.get("/metrics")).text
        assert "apimonitor_stream_gaps_total 1.0" in counted


async def forget(database_url: str, kept: int) -> None:
    """What happens once a minute, now."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        """
        DELETE FROM apimonitor.feed
         WHERE position <= (SELECT position FROM apimonitor.feed_head) - $1
        """,
        kept,
    )
    await connection.close()


async def test_a_position_of_another_life_is_a_gap(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        scene_on(database_url, tmp_path) as scene,
        scene.follow(last=10**9) as follower,
    ):
        assert (await follower.next("gap")).data["missed"] == 0


async def test_a_client_that_leaves_before_the_head_is_no_error(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene_on(database_url, tmp_path) as scene:
        port = port_of(scene.client.base_url)
        for _ in range(20):
            async with connected(port) as (_, writer):
                request = b"GET /v1/logs/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
                writer.write(request)
                await writer.drain()
                writer.transport.abort()
        for _ in range(6_000):
            counted = (await scene.client.get("/metrics")).text
            if "apimonitor_stream_followers 0.0" in counted:
                break
            await asyncio.sleep(0.01)
        assert "apimonitor_stream_followers 0.0" in counted
    assert "a call failed" not in caplog.text


async def test_bad_input(database_url: str, tmp_path: Path) -> None:
    async with scene_on(database_url, tmp_path, STREAM_LIMIT="1") as scene:
        for query in ("limit=5", "offset=1", "cursor=x", "status_code=x", "nope=1"):
            answer = await scene.client.get(f"/v1/logs/stream?{query}")
            assert answer.status_code == 422, query
        for last in ("x", "-1", "9" * 19):
            headers = {"Last-Event-ID": last}
            answer = await scene.client.get("/v1/logs/stream", headers=headers)
            assert answer.json()["errors"][0]["loc"] == ["header", "Last-Event-ID"]
        async with scene.follow():
            answer = await scene.client.get("/v1/logs/stream")
            assert answer.status_code == 429


async def test_a_stop_ends_the_stream(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as after:
        async with scene_on(database_url, tmp_path) as scene:
            client = client_at(str(scene.client.base_url))
            await after.enter_async_context(client)
            answer = await client.send(
                client.build_request("GET", "/v1/logs/stream"), stream=True
            )
            reading = asyncio.create_task(answer.aread())
        assert b"retry" in await reading


async def test_it_takes_the_right_to_read(database_url: str, tmp_path: Path) -> None:
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD="pw-of-tests") as appliance,
        client_of(appliance) as client,
    ):
        assert (await client.get("/v1/logs/stream")).status_code == 401


@pytest.mark.parametrize("writers", [4])
async def test_positions_have_no_holes_whoever_writes(
    database_url: str, tmp_path: Path, writers: int
) -> None:
    # One place of several is left to other keys, and all these have the same.
    places = {"BATCHES_AT_ONCE": str(writers + 1)}
    async with (
        scene_on(database_url, tmp_path, **places) as scene,
        scene.follow() as follower,
    ):

        async def write(n: int) -> list[str]:
            ids = [await scene.push(path=f"/{n}") for _ in range(10)]
            batch = await scene.client.post(
                "/v1/logs/batch", json=[LOG] * 30, headers=scene.key
            )
            assert batch.status_code == 201, batch.text
            return [*ids, *batch.json()["ids"]]

        written = await asyncio.gather(*(write(n) for n in range(writers)))
        wanted = {id for ids in written for id in ids}
        events = [await follower.next() for _ in wanted]
        assert {event.data["id"] for event in events} == wanted
        first = events[0].id
        assert [event.id for event in events] == list(range(first, first + len(wanted)))
