"""Who may do what: the guard, and a closed appliance."""

from pathlib import Path

import httpx
import pytest

from tests.support.commands import token_from_command
from tests.support.running import (
    LOG,
    another_name,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

PASSWORD = "correct horse"


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"Host": "localhost:1"}, 200),
        ("GET", {"Host": "127.0.0.9"}, 200),
        ("GET", {"Host": "[::1]:8000"}, 200),
        ("GET", {"Host": "any.localhost"}, 200),
        ("GET", {"Host": "evil.example"}, 403),
        ("GET", {"Host": "localhost.evil.example"}, 403),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}, 403),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ("POST", {}, 201),
        ("POST", {"Sec-Fetch-Site": "same-origin"}, 201),
        ("POST", {"Sec-Fetch-Site": "none"}, 201),
        ("POST", {"Sec-Fetch-Site": "same-site"}, 403),
        ("POST", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("POST", {"Host": "localhost:8000", "Origin": "http://localhost:8000"}, 201),
        ("POST", {"Host": "localhost:8000", "Origin": "https://localhost:8000"}, 201),
        ("POST", {"Host": "localhost:8000", "Origin": "http://localhost:9"}, 403),
        ("POST", {"Origin": "null"}, 403),
        ("POST", {"Origin": "http://evil.example"}, 403),
    ],
)
async def test_the_guard(
    shared: httpx.AsyncClient, method: str, headers: dict[str, str], status: int
) -> None:
    body = {"name": another_name()} if method == "POST" else None
    answer = await shared.request(method, "/v1/services", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert "ALLOWED_HOSTS" in answer.text
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_valid_key_needs_no_known_host(client: httpx.AsyncClient) -> None:
    service = await register(client)
    key = await make_key(client, service["id"])
    headers = {**bearer(key["raw_key"]), "Host": "monitor.example"}
    assert (await client.post("/v1/logs", json=LOG, headers=headers)).status_code == 201
    headers["Authorization"] = "Bearer mkey_wrong"
    assert (await client.post("/v1/logs", json=LOG, headers=headers)).status_code == 401


async def test_an_allowed_host_is_let_in(database_url: str, tmp_path: Path) -> None:
    async with (
        appliance_on(
            database_url, tmp_path, ALLOWED_HOSTS="monitor.example"
        ) as appliance,
        client_of(appliance, headers={"Host": "Monitor.Example:80"}) as client,
    ):
        assert (await client.get("/v1/services")).status_code == 200


async def test_a_closed_appliance(database_url: str, tmp_path: Path) -> None:
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD=PASSWORD) as appliance,
        client_of(appliance) as client,
    ):
        for path in ("/v1/services", "/v1/logs", "/metrics"):
            answer = await client.get(path)
            assert answer.status_code == 401, path
            assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        page = await client.get("/dashboard?q=x")
        assert page.status_code == 302
        assert page.headers["Location"] == "/signin?next=/dashboard?q%3Dx"

        token = await token_from_command(database_url, tmp_path)
        assert (
            await client.get("/v1/logs", headers=bearer("mtok_x"))
        ).status_code == 401
        assert (await client.get("/v1/logs", headers=bearer(token))).status_code == 200
        client.headers.update(bearer(token))
        key = await make_key(client, (await register(client))["id"])
        del client.headers["Authorization"]

        with_key = bearer(key["raw_key"])
        pushed = await client.post("/v1/logs", json=LOG, headers=with_key)
        assert pushed.status_code == 201
        assert (await client.get("/v1/logs", headers=with_key)).status_code == 403
        made = await client.post("/v1/services", json={"name": "x"}, headers=with_key)
        assert made.status_code == 403


async def test_sign_in_by_form_and_out(database_url: str, tmp_path: Path) -> None:
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD=PASSWORD) as appliance,
        client_of(appliance) as client,
    ):
        token = form_token((await client.get("/signin")).text)
        form = {"token": token, "password": "wrong", "next": "/dashboard"}
        assert (await client.post("/signin", data=form)).status_code == 401
        no_token = {**form, "password": PASSWORD, "token": "x"}
        assert (await client.post("/signin", data=no_token)).status_code == 403
        entered = await client.post("/signin", data={**form, "password": PASSWORD})
        assert entered.status_code == 303
        assert entered.headers["Location"] == "/dashboard"
        cookie = entered.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        page = await client.get("/dashboard")
        assert page.status_code == 200
        assert (await client.get("/v1/logs")).status_code == 200
        out = await client.post("/signout", data={"token": form_token(page.text)})
        assert out.status_code == 303
        assert (await client.get("/v1/logs")).status_code == 401


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil", "/a\r\nX: 1", ""]
)
async def test_sign_in_leads_nowhere_else(
    database_url: str, tmp_path: Path, target: str
) -> None:
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD=PASSWORD) as appliance,
        client_of(appliance) as client,
    ):
        token = form_token((await client.get("/signin")).text)
        form = {"token": token, "password": PASSWORD, "next": target}
        entered = await client.post("/signin", data=form)
        assert entered.headers["Location"] == "/"


async def signed_in(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    """The answer to the password, of a browser that holds nothing yet."""
    token = form_token((await client.get("/signin", headers={"Cookie": ""})).text)
    form = {"token": token, "password": PASSWORD}
    return await client.post("/signin", data=form, headers={"Cookie": "", **headers})


async def test_a_copied_cookie_ends_with_its_session_and_with_the_secret(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.calls.stream.CHECK_EVERY_S", 0.05)
    monkeypatch.setattr("api.calls.stream.LOOK_EVERY_S", 0.05)
    settings = {"ADMIN_PASSWORD": PASSWORD, "SECRET_KEY": "k" * 32}
    statuses = []

    async def status(client: httpx.AsyncClient, cookie: str) -> int:
        headers = {"Cookie": cookie}
        return (await client.get("/v1/services", headers=headers)).status_code

    async with (
        appliance_on(database_url, tmp_path, **settings) as appliance,
        client_of(appliance) as client,
    ):
        ended, other = [
            (await signed_in(client)).headers["Set-Cookie"].split(";")[0]
            for _ in range(2)
        ]
        client.cookies.clear()
        copied = {"Cookie": ended}
        page = await client.get("/tokens", headers=copied)
        async with client.stream("GET", "/v1/logs/stream", headers=copied) as tail:
            form = {"token": form_token(page.text)}
            out = await client.post("/signout", data=form, headers=copied)
            assert out.status_code == 303
            # What was begun with it ends too.
            async for _ in tail.aiter_bytes():
                pass
        assert await status(client, ended) == 401
        assert (await client.get("/tokens", headers=copied)).status_code == 302
        assert await status(client, other) == 200
    for secret in ("k" * 32, "l" * 32):
        settings["SECRET_KEY"] = secret
        async with (
            appliance_on(database_url, tmp_path, **settings) as appliance,
            client_of(appliance) as client,
        ):
            statuses += [await status(client, ended), await status(client, other)]
    assert statuses == [401, 200, 401, 401]


async def test_a_stranger_keeps_no_other_client_out(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Both come through one proxy, which is trusted; the owner's address is known."""
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD=PASSWORD) as appliance,
        client_of(appliance) as client,
    ):
        token = form_token((await client.get("/signin")).text)
        wrong = {"token": token, "password": "hunter2"}
        owner, stranger = "203.0.113.1", "198.51.100.7"
        for said in (
            {"X-Forwarded-For": stranger},
            # What a stranger wrote stands before what the proxy knows.
            {"X-Forwarded-For": f"{owner}, {stranger}:4711"},
            {"Forwarded": f'for={owner}, for="{stranger}:80";proto=https'},
            {"X-Forwarded-For": stranger, "Forwarded": f"for={owner}"},
        ):
            answers = [
                await client.post("/signin", data=wrong, headers=said) for _ in range(3)
            ]
        assert answers[-1].status_code == 401
        said = {"X-Forwarded-For": stranger}
        refused = await client.post("/signin", data=wrong, headers=said)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 13
        assert f"again in {refused.headers['Retry-After']} s" in refused.text
        for header in ("X-Forwarded-For", "Forwarded"):
            value = owner if header[0] == "X" else f"for={owner}"
            entered = await signed_in(client, **{header: value})
            assert entered.status_code == 303
        assert (await signed_in(client)).status_code == 303
        figures = (await client.get("/metrics")).text
    assert 'apimonitor_sign_ins_total{outcome="succeeded"} 3.0' in figures
    assert 'apimonitor_sign_ins_total{outcome="refused"}' in figures
    lines = [r for r in caplog.records if "attempt to sign in" in r.getMessage()]
    assert 0 < len(lines) <= 11
    assert any(getattr(r, "client", "") == stranger for r in lines)
    assert "hunter2" not in caplog.text + str([r.__dict__ for r in lines])


async def test_guessing_is_slowed_down(database_url: str, tmp_path: Path) -> None:
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD=PASSWORD) as appliance,
        client_of(appliance) as client,
    ):
        token = form_token((await client.get("/signin")).text)
        statuses = [
            (
                await client.post("/signin", data={"token": token, "password": "wrong"})
            ).status_code
            for _ in range(8)
        ]
        assert statuses[0] == 401
        assert statuses[-1] == 429


async def test_a_form_token_opens_nothing(database_url: str, tmp_path: Path) -> None:
    """Anyone is shown one, on the page that asks for the password."""
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD=PASSWORD) as appliance,
        client_of(appliance) as client,
    ):
        token = form_token((await client.get("/signin")).text)
        for cookie in (f"form.none.{token}", f".{token}", f"9999999999.x.{token}"):
            headers = {"Cookie": f"apimonitor_session={cookie}"}
            assert (await client.get("/v1/logs", headers=headers)).status_code == 401
            assert (await client.get("/dashboard", headers=headers)).status_code == 302


def form_token(page: str) -> str:
    return page.split('name="token" value="')[1].split('"')[0]
