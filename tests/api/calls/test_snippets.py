"""A log as code: it is run, and a raw socket sees what arrives."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.export.snippets import fetch_code, httpie_command, httpx_code
from monitor.logs.log import StoredBody
from monitor.traffic.exchange import Source
from tests.support.command_lines import NAMES, VALUES, Listener, detail
from tests.support.programs import need
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

# What fetch of Node sets or refuses, whatever it is given.
SET_BY_NODE = {"connection", "sec-fetch-mode", "accept-language", "accept-encoding"}
TARGET = "/a%2F'b$(x)`y`;|&\"!?q=[1]{2}&c=*/</script>"


@pytest_asyncio.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener()
    server = await asyncio.start_server(made, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


async def run(code: str, *command: str) -> bytes:
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    out, _ = await process.communicate(code.encode())
    assert process.returncode == 0, code
    return out


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    body=st.binary(min_size=1, max_size=40)
    | st.text(min_size=1, max_size=40).map(str.encode),
)
async def test_python_sends_what_was_recorded(
    listener: Listener, headers: list[tuple[str, str]], body: bytes
) -> None:
    url = f"http://127.0.0.1:{listener.port}{TARGET}"
    log = detail(url, headers=headers, body=StoredBody(content=body))
    await run(httpx_code(log), sys.executable, "-")
    head, _, sent = listener.received.pop().partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    assert first == b"POST " + TARGET.encode() + b" HTTP/1.1"
    assert sent == body
    added = (b"host:", b"content-length:")
    found = [line.rstrip() for line in lines if not line.lower().startswith(added)]
    wanted = [f"{name}: {value}".rstrip().encode("latin-1") for name, value in headers]
    assert found == wanted


async def test_javascript_sends_what_was_recorded(listener: Listener) -> None:
    node = need("node", "nodejs")
    # What a URL of the web may hold is sent as it is.
    target = "/a%2F'b$(x);|&!?q=[1]&c=*/%3C/script%3E"
    url = f"http://127.0.0.1:{listener.port}{target}"
    headers = [("X-Odd", "`${x}`\"'\\ \xff</script>"), ("Content-Type", "text/odd")]
    for content in (b"\0\xff\xfe", "`${x}`\"'\\\u2028\n</script>é".encode()):
        log = detail(url, headers=headers, body=StoredBody(content=content))
        await run(fetch_code(log), node, "--input-type=module", "-")
        head, _, sent = listener.received.pop().partition(b"\r\n\r\n")
        assert head.startswith(b"POST " + target.encode())
        assert sent == content
        assert b"\r\nX-Odd: `${x}`\"'\\ \xff</script>\r\n".lower() in head.lower()
        assert head.lower().count(b"content-type: text/odd") == 1


async def test_httpie_is_given_each_value_as_one_word() -> None:
    headers = [
        ("X-A", "=raw"),
        ("X-B", "@/etc/passwd"),
        ("X-C", "a; $(touch x) '`\"\\n"),
        ("X-D", ""),
        ("X-E", "\\:"),
        ("-X-F", "é".encode().decode("latin-1")),
    ]
    url = "http://127.0.0.1:1" + TARGET
    log = detail(url, headers=headers, body=StoredBody(content=b"@'x'\n--raw"))
    words = 'http() { for word in "$@"; do printf "%s\\0" "$word"; done; }\n'
    out = await run(words + httpie_command(log), "sh")
    given_words = out.decode().split("\0")[:-1]
    assert given_words == [
        "--path-as-is",
        "--ignore-stdin",
        "--raw=@'x'\n--raw",
        "--",
        "POST",
        url,
        "X-A:\\=raw",
        "X-B:\\@/etc/passwd",
        "X-C:a; $(touch x) '`\"\\n",
        "X-D;",
        "-X-F:é",
        "User-Agent:",
        "Accept:",
        "Accept-Encoding:",
        "Content-Type:",
    ]
    assert '# the header "X-E" cannot be given to HTTPie' in httpie_command(log)
    binary = detail(url, body=StoredBody(content=b"\0\xff"))
    counted = "http() { od -An -tx1; }\n" + httpie_command(binary)
    assert (await run(counted, "sh")).split() == [b"00", b"ff"]


async def test_what_is_masked_or_not_kept_is_named_in_each() -> None:
    log = detail(
        "http://127.0.0.1/?token=***MASKED***",
        headers=[("Authorization", "***MASKED***"), ("Cookie", "a=b")],
        body=StoredBody(content=None, is_gone=True),
        source=Source.PROXY,
    )
    for write, mark in ((httpie_command, "#"), (httpx_code, "#"), (fetch_code, "//")):
        text = write(log)
        notes = [line for line in text.splitlines() if line.startswith(mark)]
        said = "\n".join(notes)
        assert "a part of the URL is masked" in said
        assert '"Authorization" is masked' in said
        assert "no longer kept" in said
        assert "***MASKED***" not in "".join(text.splitlines()[len(notes) :][1:3])
    assert "a browser sets these itself: Cookie" in fetch_code(log)


async def test_they_are_calls_and_bodies_are_files(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client)
        key = (await make_key(client, service["id"]))["raw_key"]
        html = "<script>alert(1)</script>"
        log = {
            **LOG,
            "response_headers": {"Content-Type": "text/html"},
            "response_body": html,
        }
        pushed = await client.post("/v1/logs", json=log, headers=bearer(key))
        at = f"/v1/logs/{pushed.json()['id']}"
        for name, begin in (
            ("httpie", "http "),
            ("httpx", "import httpx"),
            ("fetch", "const response"),
        ):
            answer = await client.get(f"{at}/{name}")
            assert answer.text.startswith(begin), answer.text
            assert answer.headers["Content-Type"].startswith("text/plain")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        answer = await client.get(f"{at}/response_body")
        assert answer.content == html.encode()
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (await client.get(f"{at}/request_body")).status_code == 404
        assert (await client.get(f"{at}/response_body?x=1")).status_code == 422
