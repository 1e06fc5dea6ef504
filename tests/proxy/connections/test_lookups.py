"""Whom a name server that hangs holds up, and which of a name's addresses is taken."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from uuid import uuid4

import pytest

from monitor.registry.table import Service
from tests.support.name_servers import Names
from tests.support.ports import free_port
from tests.support.upstreams import OK, answering, get, proxied, upstream


@pytest.fixture
def names() -> Iterator[Names]:
    found = Names(["127.0.0.1"])
    yield found
    found.let_go()


async def test_a_name_server_that_hangs_holds_up_nobody_else(names: Names) -> None:
    async with (
        upstream(answering(OK)) as port,
        proxied(
            port,
            base_url="http://hanging.example:1",
            timeout_s=30,
            resolve=names,
            others=[
                Service(
                    id=uuid4(),
                    name="well",
                    slug="well",
                    base_url=f"http://well.example:{port}",
                    timeout_s=30,
                )
            ],
        ) as stage,
    ):
        hanging = [asyncio.create_task(stage.ask(get("/"))) for _ in range(40)]
        while "hanging.example" not in names.asked:
            await asyncio.sleep(0.01)
        for _ in range(3):
            answer = await stage.ask(get("/", host="well.localhost"))
            assert answer.startswith(b"HTTP/1.1 200 ")
        # The threads that others wait for are free.
        assert await asyncio.to_thread(lambda: "free") == "free"
        assert not any(task.done() for task in hanging)
        assert names.asked.count("hanging.example") == 1
        names.let_go()
        answers = await asyncio.gather(*hanging)
    assert all(b"X-Monitor-Error: connect_refused" in answer for answer in answers)


async def test_lookups_that_hang_are_few_and_then_said_to_hang(names: Names) -> None:
    environment = {"APIMONITOR_LOOKUPS_PER_NAME": "2"}
    async with (
        upstream(answering(OK)) as port,
        proxied(
            port,
            base_url=f"http://hanging.example:{port}",
            timeout_s=0.2,
            resolve=names,
            environment=environment,
        ) as stage,
    ):
        given_up = [await stage.ask(get("/")) for _ in range(2)]
        refused = [await stage.ask(get("/")) for _ in range(5)]
        logs = list(await stage.records(7))
        events = [stage.events(f"lookup_{what}") for what in ("given_up", "refused")]
        names.let_go()
        while (after := await stage.ask(get("/"))).startswith(b"HTTP/1.1 5"):
            await asyncio.sleep(0.01)
    assert all(answer.startswith(b"HTTP/1.1 504 ") for answer in given_up)
    assert "the lookup of hanging.example hangs" in str(logs[0].error)
    assert all(answer.startswith(b"HTTP/1.1 502 ") for answer in refused)
    assert {str(log.error) for log in logs[2:]} == {
        "dns: hanging.example: 2 lookups of it hang (LOOKUPS_PER_NAME)"
    }
    assert events == [2, 5]
    assert after.startswith(b"HTTP/1.1 200 ")


async def test_lookups_are_bounded_in_all(names: Names) -> None:
    async with proxied(
        1,
        base_url="http://hanging.example:1",
        resolve=names,
        environment={"APIMONITOR_LOOKUPS_AT_ONCE": "1"},
        others=[
            Service(id=uuid4(), name="b", slug="b", base_url="http://hanging.test:1")
        ],
    ) as stage:
        first = asyncio.create_task(stage.ask(get("/")))
        while not names.asked:
            await asyncio.sleep(0.01)
        second = await stage.ask(get("/", host="b.localhost"))
        names.let_go()
        await first
    assert b"X-Monitor-Error: dns" in second
    assert b"1 lookups are under way (LOOKUPS_AT_ONCE)" in second


async def test_a_lookup_is_given_up_with_its_last_client(names: Names) -> None:
    async with proxied(
        1, base_url="http://hanging.example:1", timeout_s=60, resolve=names
    ) as stage:
        writers = []
        for _ in range(2):
            _, writer = await stage.connect()
            writer.write(get("/"))
            writers.append(writer)
        while not names.asked:
            await asyncio.sleep(0.01)
        for writer in writers:
            writer.transport.abort()
        logs = await stage.records(2)
        assert stage.events("lookup_given_up") == 1
    assert {str(log.error).partition(":")[0] for log in logs} == {"client_disconnect"}


async def test_a_name_is_asked_for_anew_with_each_connection(names: Names) -> None:
    async with (
        upstream(answering(OK)) as port,
        proxied(
            port,
            base_url=f"http://well.example:{port}",
            resolve=names,
            environment={"APIMONITOR_UPSTREAM_IDLE_S": "0"},
        ) as stage,
    ):
        for _ in range(3):
            assert (await stage.ask(get("/"))).startswith(b"HTTP/1.1 200 ")
    assert names.asked == ["well.example"] * 3


@contextlib.contextmanager
def dropping(address: str) -> Iterator[int]:
    """A port whose queue is full, so that no packet of another is answered."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind((address, 0))
        listening.listen(0)
        for _ in range(4):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.mark.parametrize("dead", ["drops", "refuses"])
async def test_a_dead_first_address_is_passed_over(dead: str) -> None:
    with dropping("127.0.0.2") as dropped:
        async with (
            upstream(answering(OK), dropped if dead == "drops" else 0) as port,
            # The kernel alone would go on for minutes.
            proxied(
                1,
                base_url=f"http://two.example:{port}",
                timeout_s=20,
                resolve=Names(["127.0.0.2", "127.0.0.1"]),
            ) as stage,
        ):
            answer = await stage.ask(get("/"))
            [log] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert log.error is None
    assert log.timings.connect_ms is not None


async def test_addresses_that_all_fail_are_one_failure() -> None:
    port = free_port()
    async with proxied(
        1,
        base_url=f"http://two.example:{port}",
        resolve=Names(["127.0.0.2", "127.0.0.1"]),
    ) as stage:
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert log.error == f"connect_refused: two.example:{port} refused"
