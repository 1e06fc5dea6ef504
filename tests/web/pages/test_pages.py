"""The pages as they are served: headers, errors, and what is without a browser."""

import gzip
import re
from pathlib import Path

import httpx
import pytest

from appliance.start import running
from appliance.start.running import Appliance
from monitor.access.ended_sessions import EndedSessions
from monitor.access.sessions import Sessions
from monitor.logs.filter import FILTERS
from tests.support.running import appliance_on, client_of, register
from tests.support.upstreams import Reader, Writer, read_head, upstream

PATHS = [
    "/",
    "/dashboard",
    "/metrics-ui",
    "/nothing",
    "/log/nonsense",
    "/static/app.css",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_carries_the_policy(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/log/nonsense", "/log/00000000-0000-4000-8000-000000000000"],
)
async def test_what_is_not_there_is_a_page(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<nav" in answer.text


async def test_a_foreign_host_is_refused_as_a_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert "ALLOWED_HOSTS" in answer.text


async def test_every_filter_has_its_place_in_the_form(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/dashboard?query=x")
    names = re.findall(r'<(?:input|select) id="f-(\w+)" name="(\w+)"', answer.text)
    assert {name for _, name in names} == FILTERS.keys()
    assert all(id == name for id, name in names)
    assert '<details class="more" >' in answer.text
    answer = await client.get("/dashboard?query=x&pinned=true")
    assert '<details class="more" open>' in answer.text


async def test_a_bad_filter_is_said_at_its_field(client: httpx.AsyncClient) -> None:
    answer = await client.get("/dashboard?status_code=abc&limit=5")
    assert answer.status_code == 422
    assert "must be a whole number" in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_static_files_may_be_kept_under_their_digest(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    kept = await client.get(address)
    assert "immutable" in kept.headers["Cache-Control"]
    plain = await client.get("/static/app.css")
    assert plain.headers["Cache-Control"] == "no-cache"
    same = {"If-None-Match": plain.headers["ETag"]}
    again = await client.get("/static/app.css", headers=same)
    assert again.status_code == 304
    assert again.headers["Cache-Control"] == "no-cache"
    assert (await client.get("/static/../app.py")).status_code == 404


async def test_postgresql_away_is_a_page_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "OTHER_S", 0.2)
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    secret = "k" * 32
    sessions = Sessions(
        secret=secret.encode(), password=b"", session_s=1, ended=EndedSessions()
    )
    # A form that was shown before it went keeps what was given.
    asked = '{"call": "POST /v1/tokens", "kinds": {"name": "text"}}'
    form = {"_form": asked, "_token": sessions.form_token(None, asked), "name": "n<1>"}
    async with (
        appliance_on(away, tmp_path, SECRET_KEY=secret) as appliance,
        client_of(appliance) as client,
    ):
        for path in ("/", "/dashboard", "/metrics-ui"):
            answer = await client.get(path)
            assert answer.status_code == 503, path
            assert "PostgreSQL is away" in answer.text
            assert "Traceback" not in answer.text
        answer = await client.post("/tokens", data=form)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert "Try again" in answer.text
        assert "n&lt;1&gt;</bdi>" in answer.text


async def test_captured_bodies_are_shown_by_their_kind(
    client: httpx.AsyncClient, appliance: Appliance
) -> None:
    kinds = {
        b"/json": b"Content-Type: application/json\r\nContent-Encoding: gzip",
        b"/bytes": b"Content-Type: application/octet-stream",
        b"/long": b"Content-Type: text/plain",
    }
    bodies = {
        b"/json": gzip.compress(b'{"a":1.10}'),
        b"/bytes": b"\x00\xff" * 20,
        b"/long": b"z" * 100_000,
    }

    async def behave(reader: Reader, writer: Writer) -> None:
        while True:
            target = (await read_head(reader)).split(b" ")[1]
            length = b"Content-Length: %d" % len(bodies[target])
            head = b"\r\n".join([b"HTTP/1.1 200 OK", kinds[target], length, b"", b""])
            writer.write(head + bodies[target])
            await writer.drain()

    shown = {}
    async with upstream(behave) as port:
        await register(client, base_url=f"http://127.0.0.1:{port}")
        proxy_url = appliance.proxy_url
        for target in kinds:
            answer = await client.get(f"{proxy_url}/pay{target.decode()}")
            shown[target] = answer.headers["X-Monitor-Log-Id"]
        for target, id in shown.items():
            page = await once_there(client, f"/log/{id}")
            shown[target] = page.text
    assert "&#34;a&#34;: 1.10" in shown[b"/json"]
    assert "gzip" in shown[b"/json"]
    assert "00000000  00 ff 00 ff" in shown[b"/bytes"]
    assert "The first 64.0 KiB of 97.7 KiB are kept." in shown[b"/long"]


async def _forcing_https(reader: Reader, writer: Writer) -> None:
    while True:
        head = await read_head(reader)
        host = head.partition(b"Host: ")[2].partition(b"\r\n")[0]
        status = b"200 OK"
        if b"X-Forwarded-Proto: http\r\n" in head:
            target = head.split(b" ")[1]
            status = b"301 Moved\r\nLocation: https://%b%b" % (host, target)
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status)
        await writer.drain()


async def test_a_loop_of_redirects_is_named_and_can_be_ended(
    client: httpx.AsyncClient, appliance: Appliance
) -> None:
    async with upstream(_forcing_https) as port:
        service = await register(client, base_url=f"http://127.0.0.1:{port}/v2")
        assert service["forwarded_headers"] == "add"
        answer = await client.get(f"{appliance.proxy_url}/pay/a?b")
        assert answer.status_code == 301
        id = answer.headers["X-Monitor-Log-Id"]
        page = await once_there(client, f"/log/{id}")
        assert 'data-hint="https_loop"' in page.text
        detail = (await client.get(f"/v1/logs/{id}")).json()
        assert [hint["kind"] for hint in detail["hints"]] == ["https_loop"]
        assert "forwarded_headers" in detail["hints"][0]["text"]
        path = f"/v1/services/{service['id']}"
        refused = await client.patch(path, json={"forwarded_headers": "some"})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["loc"] == ["body", "forwarded_headers"]
        changed = await client.patch(path, json={"forwarded_headers": "none"})
        assert changed.json()["forwarded_headers"] == "none"
        answer = await client.get(f"{appliance.proxy_url}/pay/a?b")
        assert answer.status_code == 200
        page = await once_there(client, f"/log/{answer.headers['X-Monitor-Log-Id']}")
        assert "data-hint" not in page.text


async def _comparing(reader: Reader, writer: Writer) -> None:
    """403 where Origin is not of Host, as Django answers."""
    while True:
        fields = (await read_head(reader)).decode().split("\r\n")
        said = dict(line.split(": ", 1) for line in fields if ": " in line)
        is_own = said["Origin"] == f"http://{said['Host']}"
        status = "200 OK" if is_own else "403 Forbidden"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()


async def test_an_origin_that_is_not_of_the_host_is_named_and_can_be_kept(
    client: httpx.AsyncClient, appliance: Appliance
) -> None:
    host = f"pay.localhost:{appliance.proxy_url.rpartition(':')[2]}"
    headers = {"Host": host, "Origin": f"http://{host}"}
    async with upstream(_comparing) as port:
        service = await register(client, base_url=f"http://127.0.0.1:{port}")
        answer = await client.post(f"{appliance.proxy_url}/", headers=headers)
        assert answer.status_code == 403
        id = answer.headers["X-Monitor-Log-Id"]
        page = await once_there(client, f"/log/{id}")
        assert 'data-hint="origin"' in page.text
        assert 'href="/troubleshooting#origin"' in page.text
        [hint] = (await client.get(f"/v1/logs/{id}")).json()["hints"]
        assert hint["kind"] == "origin"
        assert "preserve_host" in hint["text"]
        path = f"/v1/services/{service['id']}"
        await client.patch(path, json={"preserve_host": True})
        answer = await client.post(f"{appliance.proxy_url}/", headers=headers)
        assert answer.status_code == 200


async def test_what_to_do_when_an_app_breaks_is_a_page(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/troubleshooting")).text
    sections = re.findall('<h2 id="([a-z-]+)">', page)
    assert {"origin", "redirects", "cookies", "websockets", "streams"} <= set(sections)
    assert "gzip_proxied any;</code>" in page
    assert not re.search(r"\*\*|`|\]\(", page.partition("<main")[2])


async def once_there(client: httpx.AsyncClient, path: str) -> httpx.Response:
    import asyncio

    for _ in range(1_200):
        answer = await client.get(path)
        if answer.status_code == 200:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


@pytest.mark.parametrize(
    ("dest", "status"), [("document", 200), ("iframe", 403), ("embed", 403)]
)
async def test_a_frame_of_another_site_is_no_navigation(
    client: httpx.AsyncClient, dest: str, status: int
) -> None:
    """The same of a page as of a call: a frame says what it is in its destination."""
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": dest,
    }
    for path in ("/", "/signin", "/v1/services", "/openapi.json"):
        answer = await client.get(path, headers=headers, follow_redirects=True)
        assert answer.status_code == status, path
