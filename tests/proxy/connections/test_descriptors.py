"""What becomes of exchanges as file descriptors run out, and who has how many."""

import asyncio
import contextlib
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvloop

from monitor.network.descriptors import reserve, shares
from monitor.registry.base_url import upstream_of
from monitor.settings import load
from proxy.connections.pool import Pool
from proxy.sockets.outbox import Outbox
from tests.support.upstreams import OK, answering, get, proxied, upstream

KEPT = b"GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n"


@contextmanager
def none_left() -> Iterator[None]:
    """This process can open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 64, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            for _ in range(128):
                taken.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for each in taken:
            os.close(each)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_running_out_of_descriptors_is_called_that(host: str) -> None:
    async with (
        upstream(answering(OK)) as port,
        proxied(port, base_url=f"http://{host}:{port}") as stage,
    ):
        reader, writer = await stage.connect()
        with none_left():
            writer.write(KEPT)
            answer = await reader.readuntil(b"}")
        writer.write(KEPT)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        writer.close()
        failed, _ = await stage.records(2)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"X-Monitor-Error: no_descriptors\r\n" in answer
    assert str(failed.error).startswith("no_descriptors: ")


def test_listening_goes_on_after_descriptors_ran_out() -> None:
    """On the loop that serves: who cannot be accepted is closed, later ones are."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        async with upstream(answering(OK)) as port, proxied(port) as stage:
            clients = [socket.socket() for _ in range(20)]
            for client in clients:
                client.setblocking(False)
            with none_left():
                for client in clients:
                    await loop.sock_connect(client, ("127.0.0.1", stage.port))
                for client in clients:
                    with contextlib.suppress(ConnectionError):
                        assert await loop.sock_recv(client, 1) == b""
                    client.close()
            assert (await stage.ask(get("/"))).endswith(b"ok")
            await stage.records(1)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scene())


async def test_an_idle_connection_of_any_upstream_makes_room() -> None:
    async with (
        upstream(answering(OK)) as a,
        upstream(answering(OK)) as b,
        upstream(answering(OK)) as c,
    ):
        pool = Pool(limit=9, most=2, idle_s=60, head_limit=65536, outbox=Outbox())
        first, second, third = (upstream_of(f"http://127.0.0.1:{p}") for p in (a, b, c))
        for one in (first, second, third, first):
            connection, was_used = await pool.acquire(one, timeout_s=5)
            assert not was_used
            pool.release(one, connection, may_stay=True)
        assert pool.reusable(second) is None
        for one in (first, third):
            connection_left = pool.reusable(one)
            assert connection_left is not None
            connection_left.close()


@pytest.mark.parametrize("limit", [64, 256, 1024, 4096, 65_536, 1_048_576])
@pytest.mark.parametrize("workers", ["1", "4"])
@pytest.mark.parametrize("pool", ["3", "100"])
def test_what_records_has_its_descriptors_first(
    limit: int, workers: str, pool: str
) -> None:
    settings = load({"APIMONITOR_PROXY_WORKERS": workers, "APIMONITOR_POOL_SIZE": pool})
    found = shares(settings, limit)
    assert found.clients <= found.upstreams or found.clients == 8
    taken = found.app + reserve(settings)
    if workers == "1":
        taken += found.clients + found.upstreams
    # Where there are fewer than it sets aside, each part has what is the least.
    assert taken <= max(limit + 8, reserve(settings) + 24)
