"""Whom the proxy takes an upstream for, over TLS."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.network.dns import Addresses
from monitor.registry.base_url import upstream_of
from proxy.connections.pool import Pool
from proxy.sockets.outbox import Outbox
from tests.support.certificates import Certificate, made, tls_upstream
from tests.support.upstreams import (
    Reader,
    Writer,
    get,
    proxied,
    upstream,
)


async def test_a_certificate_of_nobody_known_is_502_unless_the_service_opts_out(
    tmp_path: Path,
) -> None:
    names: list[str | None] = []
    async with tls_upstream(made(tmp_path, "localhost"), names) as port:
        base_url = f"https://localhost:{port}"
        async with proxied(1, base_url=base_url) as stage:
            answer = await stage.ask(get("/"))
            [log] = await stage.records(1)
        async with proxied(1, base_url=base_url, verify_tls=False) as stage:
            taken = await stage.ask(get("/"))
            [passed] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"X-Monitor-Error: tls\r\n" in answer
    assert str(log.error).startswith("tls: ")
    assert taken.startswith(b"HTTP/1.1 200 ")
    assert passed.error is None
    assert names == ["localhost", "localhost"]


async def test_the_authority_in_ssl_cert_file_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = made(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    async with (
        tls_upstream(certificate) as port,
        proxied(1, base_url=f"https://localhost:{port}") as stage,
    ):
        assert (await stage.ask(get("/"))).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("name", "until", "reason"),
    [
        ("elsewhere.example", "20490101000000Z", "Hostname mismatch"),
        ("localhost", "20200201000000Z", "has expired"),
    ],
)
async def test_a_certificate_that_is_not_this_hosts_or_has_expired_is_502(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    until: str,
    reason: str,
) -> None:
    certificate = made(tmp_path, name, until=until)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    async with (
        tls_upstream(certificate) as port,
        proxied(1, base_url=f"https://localhost:{port}") as stage,
    ):
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert str(log.error).startswith("tls: ")
    assert reason in str(log.error)


@pytest.mark.parametrize("is_patient", [True, False])
async def test_an_upstream_that_closes_within_the_handshake_is_a_tls_failure(
    is_patient: bool,
) -> None:
    async def closing(reader: Reader, writer: Writer) -> None:
        if is_patient:
            await reader.read(1)

    async with (
        upstream(closing) as port,
        proxied(1, base_url=f"https://127.0.0.1:{port}") as stage,
    ):
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert str(log.error).startswith("tls: ")


async def test_what_was_not_verified_is_not_used_for_who_wants_it_verified(
    tmp_path: Path,
) -> None:
    async with tls_upstream(made(tmp_path, "localhost")) as port:
        base_url = f"https://localhost:{port}"
        unverified = upstream_of(base_url, verify_tls=False)
        pool = Pool(limit=2, most=9, idle_s=60, head_limit=65536, outbox=Outbox())
        connection, _ = await pool.acquire(unverified, timeout_s=5)
        pool.release(unverified, connection, may_stay=True)
        assert pool.reusable(upstream_of(base_url)) is None
        assert pool.reusable(unverified) is connection
        connection.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_certificate_that_is_wanted_of_us_is_a_tls_failure(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    certificate = made(tmp_path, "localhost")
    async with (
        tls_upstream(certificate, version=version) as port,
        proxied(1, base_url=f"https://localhost:{port}", verify_tls=False) as stage,
    ):
        for _ in range(5):
            answer = await stage.ask(get("/"))
            assert answer.startswith(b"HTTP/1.1 502 ")
            assert b"X-Monitor-Error: tls\r\n" in answer
        logs = await stage.records(5)
    assert all(str(log.error).startswith("tls: ") for log in logs)


@contextlib.contextmanager
def alerting(certificate: Certificate) -> Iterator[int]:
    """Wants a certificate under TLS 1.3, and says so, as OpenSSL's own server does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED

    def refuse() -> None:
        with (
            listening.accept()[0] as accepted,
            context.wrap_socket(
                accepted, server_side=True, do_handshake_on_connect=False
            ) as wrapped,
            contextlib.suppress(ConnectionError),
        ):
            with contextlib.suppress(ssl.SSLError):
                wrapped.do_handshake()
            # Closed with a request unread it would be reset, and what it said is lost
            # where the proxy writes before it reads.
            while socket.socket.recv(wrapped, 65_536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        refusing = threading.Thread(target=refuse)
        refusing.start()
        yield listening.getsockname()[1]
        refusing.join()


async def test_what_an_upstream_says_of_our_certificate_is_on_the_log(
    tmp_path: Path,
) -> None:
    with alerting(made(tmp_path, "localhost")) as port:
        base_url = f"https://localhost:{port}"
        async with proxied(1, base_url=base_url, verify_tls=False) as stage:
            assert b"X-Monitor-Error: tls\r\n" in await stage.ask(get("/"))
            [log] = await stage.records(1)
    assert "CERTIFICATE_REQUIRED" in str(log.error)


def loopback(host: str) -> Addresses:
    """Not every system's resolver knows the name with its dot."""
    assert host == "localhost."
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]


async def test_a_trailing_dot_is_no_part_of_the_name_that_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = made(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    names: list[str | None] = []
    async with (
        tls_upstream(certificate, names) as port,
        proxied(1, base_url=f"https://localhost.:{port}", resolve=loopback) as stage,
    ):
        assert (await stage.ask(get("/"))).startswith(b"HTTP/1.1 200 ")
    assert names == ["localhost"]
