"""Upstreams on Unix sockets."""

from pathlib import Path

import pytest

from monitor.registry.base_url import below, upstream_of
from tests.support.upstreams import (
    OK,
    Reader,
    Writer,
    get,
    on_socket,
    proxied,
    read_head,
)


@pytest.mark.parametrize(
    ("preserve_host", "host"), [(False, "localhost"), (True, "shop.localhost")]
)
async def test_an_upstream_on_a_unix_socket_is_reached(
    tmp_path: Path, preserve_host: bool, host: str
) -> None:
    heads: list[bytes] = []
    moved = (
        b"HTTP/1.1 302 Found\r\nLocation: http://localhost/v2/there\r\n"
        b"Content-Length: 0\r\n\r\n"
    )

    async def behave(reader: Reader, writer: Writer) -> None:
        for answer in (OK, moved):
            heads.append(await read_head(reader))
            writer.write(answer)

    path = tmp_path / "app.sock"
    base_url = f"http://unix:{path}:/v2"
    async with (
        on_socket(path, behave),
        proxied(1, base_url=base_url, preserve_host=preserve_host) as stage,
    ):
        assert (await stage.ask(get("/a?b=c"))).endswith(b"ok")
        redirected = await stage.ask(get("/here"))
        log, _ = await stage.records(2)
    assert heads[0].startswith(b"GET /v2/a?b=c HTTP/1.1\r\n")
    assert f"\r\nHost: {host}\r\n".encode() in heads[0]
    assert log.url == f"{base_url}/a?b=c"
    assert log.path == "/v2/a"
    assert b"Location: http://shop.localhost/there\r\n" in redirected


async def test_a_unix_socket_that_is_not_there_is_502_and_named_to_nobody(
    tmp_path: Path,
) -> None:
    async with proxied(1, base_url=f"http://unix:{tmp_path}/none.sock") as stage:
        answer = await stage.ask(get("/"))
        [log] = await stage.records(1)
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"none.sock" not in answer
    assert str(log.error).startswith("connect_refused: ")


@pytest.mark.parametrize(
    ("url", "rest"),
    [
        ("http://unix:/run/a.sock:/v2/x?y:z", "/x?y:z"),
        ("http://unix:/run/a.sock:/v2", "/"),
        ("http://unix:/run/a.sock:/v22", None),
        ("http://unix:/run/b.sock:/v2/x", None),
        ("http://localhost/v2/x", None),
    ],
)
def test_what_lies_below_a_unix_socket(url: str, rest: str | None) -> None:
    assert below(upstream_of("http://unix:/run/a.sock:/v2/"), url) == rest
