"""What an exchange's time went to is measured where it passes."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from proxy.exchange.stopwatch import Stopwatch
from tests.support.certificates import tls_upstream
from tests.support.upstreams import (
    OK,
    Reader,
    Writer,
    get,
    proxied,
    read_head,
    upstream,
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One for localhost, signed by itself, and its key."""
    directory = tmp_path_factory.mktemp("tls")
    paths = directory / "certificate.pem", directory / "key.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
        "-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(
        [*command.split(), "-out", paths[0], "-keyout", paths[1]],
        check=True,
        capture_output=True,
    )
    return paths


async def test_connect_and_tls_are_timed_once_for_a_connection(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    async with (
        tls_upstream(certificate) as port,
        proxied(1, base_url=f"https://localhost:{port}") as stage,
    ):
        for _ in range(2):
            assert (await stage.ask(get("/"))).endswith(b"ok")
        first, second = await stage.records(2)
    assert first.timings.connect_ms is not None
    assert first.timings.connect_ms > 0
    assert first.timings.tls_ms is not None
    assert first.timings.tls_ms > 0
    # A kept connection was used.
    assert (second.timings.connect_ms, second.timings.tls_ms) == (None, None)
    assert second.timings.ttfb_ms is not None


async def test_what_the_upstream_took_is_not_the_proxys_own() -> None:
    has_passed = asyncio.Event()

    async def slow(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        await asyncio.sleep(0.3)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        await writer.drain()
        await has_passed.wait()
        await asyncio.sleep(0.3)
        writer.write(b"ok")

    async with upstream(slow) as port, proxied(port) as stage:
        reader, writer = await stage.connect()
        writer.write(get("/"))
        await read_head(reader)
        has_passed.set()
        assert await reader.read() == b"ok"
        writer.close()
        [log] = await stage.records(1)
    timings = log.timings
    assert timings.tls_ms is None
    assert timings.connect_ms is not None
    assert timings.ttfb_ms is not None
    assert timings.overhead_ms is not None
    assert log.latency_ms is not None
    assert timings.ttfb_ms >= 290
    assert log.latency_ms - timings.ttfb_ms >= 290
    assert 0 < timings.overhead_ms <= log.latency_ms - 590


async def test_what_comes_before_the_final_head_is_not_its_first_byte() -> None:
    async def hinting(reader: Reader, writer: Writer) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.write(OK)

    async with upstream(hinting) as port, proxied(port) as stage:
        await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert log.timings.ttfb_ms is not None
    assert log.timings.ttfb_ms >= 190


async def test_where_nothing_was_asked_nothing_is_timed() -> None:
    async with proxied(1) as stage:
        assert b" 502 " in await stage.ask(get("/"))
        [log] = await stage.records(1)
    timings = log.timings
    assert (timings.connect_ms, timings.ttfb_ms) == (None, None)
    assert timings.overhead_ms is None


def test_waiting_for_a_connection_or_a_failed_one_is_nobodys_overhead() -> None:
    watch = Stopwatch(began=0.0, turn=1.0)
    watch.connected(2.0, 0.5)
    watch.asked(3.6)
    watch.failed(5.0)
    watch.asked(5.2)
    watch.answer_began, watch.answer_read = 7.0, 7.1
    timings = watch.timings(7.2)
    assert timings.connect_ms == 2000
    assert timings.tls_ms == 500
    assert timings.ttfb_ms == 7000
    assert timings.overhead_ms == pytest.approx(100 + 200 + 100)


def test_it_is_never_negative() -> None:
    watch = Stopwatch(began=5.0, turn=5.0)
    watch.answered(4.0, 9.0)
    watch.connected(1.0, None)
    watch.asked(5.5)
    timings = watch.timings(8.0)
    assert (timings.ttfb_ms, timings.overhead_ms) == (0, 0)
