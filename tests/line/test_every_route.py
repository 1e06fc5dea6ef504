"""What must hold of each call and page that there is, asked of the router itself."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import websockets

from appliance.start.running import Appliance
from tests.support.commands import token_from_command
from tests.support.routes import with_routes
from tests.support.running import (
    LOG,
    bearer,
    client_of,
    make_key,
    register,
)
from tests.support.stored import wait_for
from tests.support.upstreams import Reader, Writer, read_head, upstream

# Asked before anybody signed in, and nothing of what was recorded is in them.
PUBLIC = {
    "/signin",
    "/signout",
    "/static/app.css",
    "/health",
    "/healthz",
    "/livez",
    "/readyz",
    "/openapi.json",
}
# It would never end.
ENDLESS = "/v1/logs/stream"
# None is open here.
OPEN = {"/v1/exchanges/{exchange_id}", "/exchanges/{exchange_id}"}
BY_KEY = {"/v1/logs", "/v1/logs/batch", "/v1/logs/import/har"}
# A key of the service may, as who manages may.
BY_KEY_TOO = {"/v1/marks", "/v1/requests", "/v1/requests/series"}
# Reads, of what is asked in a body.
READS_BY_BODY = {"/v1/alerts/preview"}
SERIES = "/v1/logs/{log_id}/replay/series"
# What they cannot do without.
ASKED = {"/v1/compare": {"b": str(uuid4())}}
ID = re.compile(r"\{\w+\}")
SECRET = "s3cr3t"
PROBE = "xss-probe"
HOSTILE = f'"\'></a></script><{PROBE} {PROBE}="1"><!--{{{{7*7}}}}'


class Probes(HTMLParser):
    """How often what was sent became markup, and how often text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.as_markup: list[str] = []
        self.as_value = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == PROBE or any(name == PROBE for name, _ in attrs):
            self.as_markup.append(self.get_starttag_text() or tag)
        self.as_value += sum(PROBE in (value or "") for _, value in attrs)

    def handle_data(self, data: str) -> None:
        self.as_value += PROBE in data


async def test_a_closed_appliance_answers_nobody_whom_it_does_not_know(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = {"ADMIN_PASSWORD": "correct horse"}
    strangers: list[dict[str, str]] = [
        {},
        bearer("mtok_wrong"),
        {"Cookie": "apimonitor_session=1.1.1"},
    ]
    async with (
        with_routes(database_url, tmp_path, monkeypatch, **closed) as (made, routes),
        client_of(made) as client,
    ):
        assert len(routes) > 60
        for method, path in routes:
            if path in PUBLIC:
                continue
            for headers in strangers:
                address = ID.sub(str(uuid4()), path)
                body: Any = None if method in ("GET", "HEAD") else {}
                answer = await client.request(
                    method, address, headers=headers, json=body
                )
                is_call = path.startswith("/v1/") or path == "/metrics"
                seen = (method, path, headers, answer.text[:200])
                assert answer.status_code == (401 if is_call else 302), seen
                if not is_call:
                    assert answer.headers["Location"].startswith("/signin"), seen


async def test_a_service_key_opens_nothing_but_its_own(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = {"ADMIN_PASSWORD": "correct horse"}
    async with (
        with_routes(database_url, tmp_path, monkeypatch, **closed) as (made, routes),
        client_of(made) as client,
    ):
        token = await token_from_command(database_url, tmp_path)
        client.headers.update(bearer(token))
        service = await register(client)
        key = await make_key(client, service["id"])
        del client.headers["Authorization"]
        for method, path in routes:
            if path in PUBLIC or (method == "POST" and path in BY_KEY | BY_KEY_TOO):
                continue
            address = ID.sub(service["id"], path)
            body: Any = None if method in ("GET", "HEAD") else {}
            if path == SERIES:
                body = {"count": 2}
            answer = await client.request(
                method, address, headers=bearer(key["raw_key"]), json=body
            )
            # Its own replay finds no such log.
            is_replay = path == SERIES or path.endswith("}/replay")
            statuses = {404} if is_replay else {302, 403}
            assert answer.status_code in statuses, (method, path, answer.text[:200])


async def test_a_read_only_token_reads_everything_and_changes_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = {"ADMIN_PASSWORD": "correct horse"}
    unread = {"/v1/tokens"}
    async with (
        with_routes(database_url, tmp_path, monkeypatch, **closed) as (made, routes),
        client_of(made) as client,
    ):
        all_rights = bearer(await token_from_command(database_url, tmp_path))
        new = {"name": "grafana", "read_only": True}
        token = await client.post("/v1/tokens", json=new, headers=all_rights)
        reading = bearer(token.json()["raw_token"])
        for method, path in routes:
            is_call = path.startswith("/v1/") or path == "/metrics"
            if not is_call or (method, path) == ("GET", ENDLESS):
                continue
            address = ID.sub(str(uuid4()), path)
            is_read = method in ("GET", "HEAD") and path not in unread
            body: Any = None if method in ("GET", "HEAD") else {}
            answer = await client.request(
                method, address, headers=reading, json=body, params=ASKED.get(path)
            )
            seen = (method, path, answer.text[:200])
            if is_read:
                assert answer.status_code in (200, 404), seen
            elif method == "POST" and path in BY_KEY:
                assert answer.status_code == 401, seen
            elif path in READS_BY_BODY:
                assert answer.status_code == 422, seen
            else:
                assert answer.status_code == 403, seen
                assert "read-only token" in answer.text or method == "HEAD", seen
        har = f"/v1/logs/import/har?service_id={uuid4()}"
        assert (await client.post(har, json={}, headers=reading)).status_code == 403


async def recorded(made: Appliance, client: httpx.AsyncClient, text: str) -> None:
    """Each kind of exchange through the proxy, with *text* wherever it may be."""
    quoted = httpx.QueryParams({"q": text, "token": SECRET})

    async def behave(reader: Reader, writer: Writer) -> None:
        head = await read_head(reader)
        if b"/events" in head:
            body = f"event: {text}\nid: {text}\ndata: {text}\n\n".encode()
            kind = b"text/event-stream"
        else:
            body = json.dumps({"shown": text, "pin": SECRET}).encode()
            kind = b"application/json"
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nSet-Cookie: s=%b\r\nX-Odd: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b"
            % (kind, SECRET.encode(), text.encode(), len(body), body)
        )
        await writer.drain()

    async def echo(connection: Any) -> None:
        async for message in connection:
            await connection.send(message)

    shop = f"{made.proxy_url}/shop"
    headers = {"X-Odd": text, "X-Api-Key": SECRET, "User-Agent": text}
    async with upstream(behave) as port:
        service = await register(
            client,
            name="shop",
            description=text,
            base_url=f"http://127.0.0.1:{port}",
            redact_fields=["$.pin"],
        )
        for path in ("/events", "/orders"):
            content = json.dumps({"pin": SECRET, "shown": text})
            await client.post(
                f"{shop}{path}?{quoted}",
                content=content,
                headers={**headers, "Content-Type": "application/json"},
            )
        listed = await wait_for(client, 2)
        url = f"http://127.0.0.1:{port}/orders?{httpx.QueryParams({'q': text})}"
        replay = {"override_url": url, "override_body": text}
        answer = await client.post(f"/v1/logs/{listed[0]['id']}/replay", json=replay)
        assert answer.status_code == 201, answer.text
    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        base_url = {"base_url": f"http://127.0.0.1:{port}"}
        await client.patch(f"/v1/services/{service['id']}", json=base_url)
        address = f"{shop.replace('http', 'ws', 1)}/chat"
        async with websockets.connect(address, proxy=None) as socket:
            await socket.send(json.dumps({"pin": SECRET, "shown": text}))
            await socket.recv()
    await wait_for(client, 4)


async def filled(made: Appliance, client: httpx.AsyncClient, text: str) -> Any:
    """Something of everything; the ids by which it is asked for."""
    await recorded(made, client, text)
    service = await register(client, name=text[:128], description=text)
    key = await make_key(client, service["id"])
    await client.post(f"/v1/services/{service['id']}/keys", json={"name": text})
    rule = await client.post(
        "/v1/alerts",
        json={
            "service_id": service["id"],
            "name": text,
            "description": text,
            "condition_field": "error",
            "condition_operator": "==",
            "condition_value": text,
        },
    )
    assert rule.status_code == 201, rule.text
    channel = await client.post(
        "/v1/channels",
        json={
            "name": text,
            "kind": "webhook",
            "url": f"http://127.0.0.1:1/?key={SECRET}",
        },
    )
    assert channel.status_code == 201, channel.text
    token = await client.post("/v1/tokens", json={"name": text[:128]})
    slack = {"name": f"slack {text}", "kind": "slack"}
    slack["url"] = f"https://127.0.0.1:1/{SECRET}"
    assert (await client.post("/v1/channels", json=slack)).status_code == 201
    log = {
        **LOG,
        "url": f"https://u:{SECRET}@x.example/a?token={SECRET}&q=1",
        "path": f"/{text}",
        "method": "GET",
        "error": text,
        "tags": [text],
        "query_params": {"q": text, "password": SECRET},
        "request_headers": {"Authorization": SECRET, "X-Odd": text},
        "response_headers": {"Set-Cookie": SECRET, "X-Odd": text},
        "request_body": text,
        "response_body": text,
        "source_ip": text,
    }
    pushed = await client.post("/v1/logs", json=log, headers=bearer(key["raw_key"]))
    assert pushed.status_code == 201, pushed.text
    view = await client.post("/v1/views", json={"name": text[:64], "filters": {}})
    assert view.status_code == 201, view.text
    log_id = pushed.json()["id"]
    marks = {"note": text, "tags": [text], "pinned": True}
    assert (await client.patch(f"/v1/logs/{log_id}", json=marks)).is_success
    return {
        "raw": [key["raw_key"], channel.json()["secret"], token.json()["raw_token"]],
        "service_id": service["id"],
        "alert_id": rule.json()["id"],
        "channel_id": channel.json()["id"],
        "key_id": key["id"],
        "view_id": view.json()["id"],
        "logs": [item["id"] for item in await wait_for(client, 5)],
    }


def addresses(path: str, ids: Any) -> list[str]:
    for name in ("service_id", "alert_id", "channel_id", "key_id", "view_id"):
        path = path.replace(f"{{{name}}}", ids[name])
    if "{log_id}" not in path:
        more = {"/": f"/?service={ids['service_id']}"}
        more["/alerts-ui"] = f"/alerts-ui?alert={ids['alert_id']}"
        more["/dashboard"] = "/dashboard?q=nothing"
        both = "&".join(f"{side}={ids['logs'][0]}" for side in "ab")
        if path in ("/compare", "/v1/compare"):
            return [f"{path}?{both}"]
        return [path, more[path]] if path in more else [path]
    return [path.replace("{log_id}", id) for id in ids["logs"]]


async def test_no_answer_holds_what_is_masked_and_no_page_takes_text_for_markup(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, int] = {}
    async with (
        with_routes(database_url, tmp_path, monkeypatch) as (made, routes),
        client_of(made) as client,
    ):
        ids = await filled(made, client, HOSTILE)
        for method, path in routes:
            if method != "GET" or path in {ENDLESS, *OPEN}:
                continue
            for address in addresses(path, ids):
                answer = await client.get(address)
                # Of these logs some have no body to save.
                if not (path.endswith("_body") and answer.status_code == 404):
                    assert answer.status_code < 400, (address, answer.text)
                for secret in (SECRET, *ids["raw"]):
                    assert secret not in answer.text, (address, secret)
                if answer.headers["Content-Type"].startswith("text/html"):
                    probes = Probes(answer.text)
                    assert probes.as_markup == [], address
                    shown[path] = shown.get(path, 0) + probes.as_value
                    assert "!--49" not in answer.text, address
    for path in ("/", "/dashboard", "/log/{log_id}", "/replay/{log_id}", "/metrics-ui"):
        assert shown[path], path
    assert shown["/alerts-ui"]
    assert shown["/alerts-ui/channels"]
    assert shown["/tokens"]
