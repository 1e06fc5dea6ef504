"""A log as a command: a real shell runs it, a raw socket sees what arrives."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.export.curl import curl_command
from monitor.logs.log import StoredBody
from monitor.traffic.exchange import BodyState, Source
from tests.support.command_lines import NAMES, VALUES, Listener, detail


@pytest_asyncio.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener()
    server = await asyncio.start_server(made, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    body=st.binary(max_size=40) | st.text(max_size=40).map(str.encode),
    method=st.sampled_from(["GET", "POST", "DELETE", "PATCH"]),
)
async def test_a_shell_sends_what_was_recorded(
    listener: Listener, headers: list[tuple[str, str]], body: bytes, method: str
) -> None:
    url = f"http://127.0.0.1:{listener.port}/a%2F'b$(x)`y`;|&\"\\!?q=[1]{{2}}&c"
    log = detail(url, method=method, headers=headers, body=StoredBody(content=body))
    received = await listener.run(curl_command(log))
    head, _, sent = received.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    target = url.partition(str(listener.port))[2].encode()
    assert first == method.encode() + b" " + target + b" HTTP/1.1"
    assert sent == body
    wanted = [
        b"%b: %b" % (name.encode(), value.encode("latin-1")) for name, value in headers
    ]
    added = (b"host:", b"content-length:")
    found = [line.rstrip() for line in lines if not line.lower().startswith(added)]
    assert found == [line.rstrip() for line in wanted]


async def test_head_and_long_bodies_and_files_by_name(listener: Listener) -> None:
    url = f"http://127.0.0.1:{listener.port}/"
    received = await listener.run(curl_command(detail(url, method="HEAD")))
    assert received.startswith(b"HEAD / HTTP/1.1\r\n")
    assert b"user-agent" not in received.lower()
    for content in (b"x" * 300_000, b"@/etc/hostname", b"a\r\nb\n"):
        log = detail(url, body=StoredBody(content=content))
        assert (await listener.run(curl_command(log))).endswith(b"\r\n\r\n" + content)


async def test_a_pushed_url_is_encoded(listener: Listener) -> None:
    url = f"http://127.0.0.1:{listener.port}/caf\u00e9 '\u2713"
    log = detail(
        url, method="GET", source=Source.INGEST, headers={"X": ["1", "\u2713"]}
    )
    received = await listener.run(curl_command(log))
    assert received.startswith(b"GET /caf%C3%A9%20'%E2%9C%93 HTTP/1.1\r\n")
    assert "X: 1\r\nX: \u2713".encode() in received


def test_what_is_masked_or_not_kept_is_said() -> None:
    headers = (("Authorization", "***MASKED***"), ("X-Ok", "1"))
    log = detail(
        "https://x/?token=***MASKED***",
        headers=headers,
        body=StoredBody(content=b'{"a":"***MASKED***"}', state=BodyState.REDACTED),
    )
    command = curl_command(log)
    notes = [line for line in command.splitlines() if line.startswith("# ")]
    assert notes == [
        "# a part of the URL is masked: put in what is to be sent",
        '# the header "Authorization" is masked and left out',
        "# parts of the body are masked",
    ]
    assert "-H 'Authorization" not in command
    cut = detail("https://x/", body=StoredBody(content=b"a", truncated=True))
    assert curl_command(cut).startswith("# only the beginning")
    withheld = StoredBody(content=None, state=BodyState.WITHHELD)
    assert curl_command(detail("https://x/", body=withheld)).startswith(
        "# the body was"
    )


@pytest.mark.parametrize("name", ["X\nrm -rf ~", "# ; rm", "A B"])
def test_a_name_cannot_leave_its_comment(name: str) -> None:
    command = curl_command(detail("https://x/", headers={name: "v"}))
    first, *rest = command.splitlines()
    assert first.startswith("# the header ")
    assert rest[0].startswith("curl ")


def test_what_went_to_a_unix_socket_goes_there_again() -> None:
    command = curl_command(detail("http://unix:/run/app.sock:/v2/a?b=c"))
    assert "--unix-socket /run/app.sock 'http://localhost/v2/a?b=c'" in command
    pushed = detail("http://unix:/run/app.sock:/v2/a", source=Source.INGEST)
    assert "--unix-socket" not in curl_command(pushed)


def arrived(received: bytes) -> tuple[bytes, dict[str, str], bytes]:
    """The first line, the fields and the body of a request."""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines)
    return first.encode(), fields, body


async def test_it_is_what_went_upstream(listener: Listener) -> None:
    """Not what came to the proxy; and neither ours nor the connection's own."""
    authority = f"127.0.0.1:{listener.port}"
    headers = (
        ("Host", "pay.localhost:8080"),
        ("X-Monitor-Service", "pay"),
        ("x-monitor-replay", "token"),
        ("Connection", "keep-alive, X-Hop, close"),
        ("Connection", "x-other"),
        ("X-Hop", "1"),
        ("X-Other", "2"),
        ("Keep-Alive", "5"),
        ("Accept-Encoding", "gzip, br"),
        ("X-Kept", "3"),
    )
    log = detail(f"http://{authority}/a", method="GET", headers=headers)
    command = curl_command(log)
    assert "--compressed" in command
    first, fields, _ = arrived(await listener.run(command))
    assert first == b"GET /a HTTP/1.1"
    assert fields == {
        "host": authority,
        "accept-encoding": "gzip, br",
        "x-kept": "3",
    }
    kept = await listener.run(curl_command(replace(log, keeps_host=True)))
    assert arrived(kept)[1]["host"] == "pay.localhost:8080"
    pushed = detail(log.item.url, source=Source.INGEST, headers=dict(headers))
    assert arrived(await listener.run(curl_command(pushed)))[1]["host"] == authority
    assert "--compressed" not in curl_command(detail(log.item.url))


async def test_a_host_that_connection_names_is_sent_as_the_proxy_sent_it(
    listener: Listener,
) -> None:
    headers = (("Host", "pay.localhost"), ("Connection", "host, x-hop"), ("X-Hop", "1"))
    log = detail(f"http://127.0.0.1:{listener.port}/a", method="GET", headers=headers)
    sent = await listener.run(curl_command(replace(log, keeps_host=True)))
    assert arrived(sent)[1] == {"host": "pay.localhost"}


async def test_requests_of_odd_forms_arrive_as_they_were(listener: Listener) -> None:
    url = f"http://127.0.0.1:{listener.port}"
    log = detail(url, method="HEAD", body=StoredBody(content=b"{}"))
    first, fields, body = arrived(await listener.run(curl_command(log)))
    assert (first, body, fields["content-length"]) == (b"HEAD / HTTP/1.1", b"{}", "2")
    log = detail(url, method="OPTIONS")
    log = replace(log, item=replace(log.item, path="*"))
    assert (await listener.run(curl_command(log))).startswith(b"OPTIONS * HTTP/1.1\r\n")
    log = detail(url, headers=(("Content-Length", "0"),))
    _, fields, body = arrived(await listener.run(curl_command(log)))
    assert (body, fields["content-length"]) == (b"", "0")
    assert "content-type" not in fields
    coded = gzip.compress(b"{}")
    headers = (("Content-Encoding", "gzip"),)
    log = detail(url, headers=headers, body=StoredBody(content=coded))
    _, fields, body = arrived(await listener.run(curl_command(log)))
    assert (body, fields["content-encoding"]) == (coded, "gzip")
    for plain in (
        StoredBody(content=b"{}", state=BodyState.REDACTED),
        StoredBody(content=b"{}", is_plain=True),
    ):
        command = curl_command(detail(url, headers=headers, body=plain))
        assert "# the body was kept decoded" in command
        _, fields, body = arrived(await listener.run(command))
        assert body == b"{}"
        assert "content-encoding" not in fields


@pytest.mark.parametrize("source", [Source.PROXY, Source.INGEST])
def test_a_body_that_is_not_there_is_a_comment(source: Source) -> None:
    for body, said in (
        (StoredBody(content=None, is_gone=True), "no longer kept"),
        (StoredBody(content=None, state=BodyState.SHED), "spool was filling"),
        (StoredBody(content=None, state=BodyState.WITHHELD), "is to be masked"),
        (StoredBody(content=b"a", truncated=True), "only the beginning"),
        (StoredBody(content=b"a", state=BodyState.REDACTED), "are masked"),
    ):
        command = curl_command(detail("https://x/", body=body, source=source))
        assert said in command.splitlines()[0]
        assert command.startswith("# ")
