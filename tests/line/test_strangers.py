"""No route answers 500, whatever a stranger sends to it."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from tests.support.routes import with_routes
from tests.support.running import client_of

# As many for each route, of each kind below; the same on every machine.
EACH = 10
AT_ONCE = 8
SEED = 20_261_127
ID = str(UUID(int=7 << 76 | 2 << 62 | 1 << 100)).encode()
HOSTILE = (
    *(b"%00", b"a%00b", b"%", b"%2", b"%zz", b"%ff%fe", b"%ed%a0%80", b"%c0%80"),
    *(b"..", b"%2e%2e", b".", b"./.", b"%2e%2e%2f%2e%2e%2fetc%2fpasswd", b"%2f", b"//"),
    *(b"\xff", b"\xc3\xa9", b"%F0%9F%92%A9", b"%0d%0aX: y", b"%5c..%5c", b";a=b", b"~"),
    *(b"a" * 256, b"b" * 5000, b"%41" * 400, b"x/" * 600, b"0" * 300, b"{log_id}"),
    *(
        b"-1",
        b"9" * 400,
        b"1e999",
        b"nan",
        b"NaN",
        b"\xef\xbc\x91",
        b"null",
        b"[]",
        b"",
    ),
    *(b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59.999999+00:00", b"+00:00", b"P1Y"),
    ID,
)
METHODS = (
    *(b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"),
    *(b"CONNECT", b"PROPFIND", b"BREW", b"get"),
)
KINDS = (
    *(b"application/json", b"application/json; charset=bogus", b"application/x-ndjson"),
    *(b"application/json; charset=utf-16", b";;;", b"text/html", b"a/b; c=\xff", b"/"),
    *(b"multipart/form-data", b"multipart/form-data; boundary=", b"multipart/mixed"),
    *(b"multipart/form-data; boundary=x", b'multipart/form-data; boundary="\xff"'),
    *(b"application/x-www-form-urlencoded", b"application/cbor", b"\xff", b""),
    *(
        b"application/x-www-form-urlencoded; charset=" + charset
        for charset in (b"bogus", b"utf-16", b"idna", b"rot13", b"zlib", b"undefined")
    ),
)
PART = b'--x\r\nContent-Disposition: form-data; name="token"'
BODIES = (
    *(
        b"",
        b"{",
        b"null",
        b"[]",
        b'"',
        b"{}",
        b"{}\n{}",
        b"\xff\xfe",
        b"\x00",
        b"1" * 5000,
    ),
    *(
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"name": "\\ud800"}',
        b'{"name": "\\u0000"}',
    ),
    *(b'{"name": NaN}', b'{"name": 1e999}', b'{"a": 1, "a": 2}', b'[{"method": {}}]'),
    *(
        b"token=%ff&password=%00&next=%ed%a0%80",
        b"&&&=",
        b"a=b&" * 2000,
        b"%",
        b"a=\xff",
    ),
    *(
        b"--x",
        b"--x--",
        b"--x\r\n",
        b"--x\r\n\r\n",
        PART + b"\r\n\r\nv",
        b"--x\r\n:\r\n",
    ),
    *(PART + b'; filename="a"\r\n\r\nv\r\n--x--\r\n', PART + b"\xff\r\n\r\nv\r\n--x--"),
    PART + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--\r\n",
    PART + b"\r\nContent-Transfer-Encoding: bogus\r\n\r\n!\r\n--x--\r\n",
    PART + b"\r\nContent-Encoding: gzip\r\n\r\n!\r\n--x--\r\n",
    PART + b"\r\nContent-Type: a/b; charset=bogus\r\n\r\n!\r\n--x--\r\n",
    b"--x\r\n" + b"A: b\r\n" * 3000 + b"\r\n",
)
SESSION = b"apimonitor_session="
FIELDS = {
    b"Cookie": (
        b"apimonitor_session=\xff",
        b"apimonitor_session=9.9.9",
        b"=;;=",
        b"\xff",
    ),
    b"Authorization": (
        b"Bearer",
        b"Bearer mkey_\xff",
        b"Bearer mtok_" + b"a" * 5000,
        b"x",
    ),
    b"Range": (
        b"bytes=9-1",
        b"bytes=a-b",
        b"bytes=-" + b"9" * 40,
        b"bytes=0-1,2-3",
        b"x",
    ),
    b"If-None-Match": (b"\xff", b'W/"', b'"' * 500, b"*"),
    b"If-Modified-Since": (b"9" * 400, b"Thu, 99 Foo 0000 99:99:99 GMT", b"\xff"),
    b"If-Range": (b"9" * 400, b'"a"', b"Thu, 01 Jan 99999 00:00:00 GMT"),
    b"Content-Encoding": (b"gzip", b"deflate", b"br", b"zstd", b"bogus", b"gzip, gzip"),
    b"Accept-Encoding": (b"\xff", b"gzip;q=x", b"br, gzip, zstd"),
    b"Accept": (b"\xff", b"text/event-stream;q=\xff", b"*"),
    b"Last-Event-ID": (b"\xff", b"9" * 400, b"-1", b"x"),
    b"Idempotency-Key": (b"\xff", b"k" * 5000, b"", b'"'),
    b"Expect": (b"100-continue", b"200-maybe", b"\xff"),
    b"Sec-Fetch-Site": (b"\xff", b"same-origin", b"cross-site"),
    b"Origin": (b"\xff", b"null", b"://", b"http://[", b"http://localhost"),
    b"X-Forwarded-Proto": (b"https", b"\xff", b"javascript:"),
    b"X-Forwarded-For": (b"\xff", b"1.2.3.4, ::1"),
    b"X-Forwarded-Host": (b"\xff", b"a b", b"["),
    b"Upgrade": (b"websocket", b"h2c", b"\xff"),
    b"Host": (
        b"\xff",
        b"",
        b"[::1",
        b"localhost:99999999",
        b"a" * 5000,
        b"evil.example",
    ),
    b"Via": (b"\xff", b"1.1 x"),
}


def parts_of(path: str) -> str:
    """The pattern of a route; what is in braces is any."""
    return "/static/{file}" if path.startswith("/static/") else path


def requests(
    routes: list[tuple[str, str]], names: list[bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """What to send, and what it was for a failure to show."""
    chance = random.Random(SEED)
    local = [(b"Host", b"localhost"), (b"Connection", b"close")]
    for name in HOSTILE:
        yield _written(b"GET", b"/static/" + name, local, b"")
    for body in BODIES:
        form = [*local, (b"Content-Type", b"multipart/form-data; boundary=x")]
        yield _written(b"POST", b"/signin", form, body)
    for method, path in routes:
        for number in range(EACH):
            how = [method.encode(), chance.choice(METHODS)][number % 4 == 3]
            target = _target(chance, parts_of(path), names)
            fields = [(b"Connection", b"close"), *_fields(chance)]
            body = chance.choice(BODIES) if chance.random() < 0.7 else b""
            kind = chance.choice(KINDS)
            yield _written(how, target, [*fields, (b"Content-Type", kind)], body)


def _written(
    method: bytes, target: bytes, fields: list[tuple[bytes, bytes]], body: bytes
) -> tuple[bytes, bytes]:
    head = b"%b %b HTTP/1.1\r\nContent-Length: %d\r\n" % (method, target, len(body))
    head += b"".join(b"%b: %b\r\n" % field for field in fields)
    return head + b"\r\n" + body, head[:600] + body[:100]


def _target(chance: random.Random, path: str, names: list[bytes]) -> bytes:
    pieces = []
    for piece in path.split("/"):
        hostile = b"%b" % chance.choice(HOSTILE)
        is_any = piece.startswith("{") or chance.random() < 0.03
        pieces.append(hostile if is_any else piece.encode())
    query = b"&".join(
        b"%b=%b" % (chance.choice(names), chance.choice(HOSTILE))
        for _ in range(chance.choice((0, 0, 1, 1, 2, 40)))
    )
    target = b"/".join(pieces) or b"/"
    return target + b"?" + query if query else target


def _fields(chance: random.Random) -> list[tuple[bytes, bytes]]:
    chosen = chance.sample(sorted(FIELDS), chance.choice((0, 1, 2, 4)))
    fields = [(name, chance.choice(FIELDS[name])) for name in chosen]
    if b"Host" not in chosen or chance.random() < 0.1:
        fields.append((b"Host", b"localhost"))
    if b"Upgrade" in chosen:
        fields.append((b"Connection", b"upgrade"))
    return fields


async def status_of(url: str, sent: bytes) -> int:
    """Of the first answer that is final; 0 where there is none."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(60):
            writer.write(sent)
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                status = int(head.split()[1])
                if status >= 200:
                    return status
    except (asyncio.IncompleteReadError, ConnectionError):
        return 0
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("settings", [{}, {"ADMIN_PASSWORD": "correct horse"}])
async def test_no_route_answers_500_to_what_a_stranger_sends(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, str],
) -> None:
    wrong: list[tuple[int, bytes]] = []
    statuses: dict[int, int] = {}
    places = asyncio.Semaphore(AT_ONCE)

    async def send(url: str, sent: bytes, seen: bytes) -> None:
        async with places:
            status = await status_of(url, sent)
        statuses[status] = statuses.get(status, 0) + 1
        if not 200 <= status < 500:
            wrong.append((status, seen))

    async with (
        with_routes(database_url, tmp_path, monkeypatch, **settings) as (made, routes),
        client_of(made) as client,
    ):
        document = (await client.get("/openapi.json")).json()
        names = [b"next", b"v", b"%00", b"page", b"alert", b"service"]
        names += sorted(
            {
                parameter["name"].encode()
                for operations in document["paths"].values()
                for operation in operations.values()
                for parameter in operation.get("parameters", ())
            }
        )
        everywhere = [*routes, ("GET", "/{nothing}"), ("GET", "{no_slash}")]
        async with asyncio.TaskGroup() as tasks:
            for sent, seen in requests(everywhere, names):
                tasks.create_task(send(made.app_url, sent, seen))
        assert (await client.get("/health")).status_code == 200
    assert not wrong, wrong[:5]
    assert {200, 302, 400, 401, 404, 405, 417} <= statuses.keys(), statuses
    for said in ("failed", "Error handling request", "Unhandled exception"):
        assert said not in caplog.text
