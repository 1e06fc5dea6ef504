"""Admin tokens: made, listed, used and ended, by calls and by the command."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.support.commands import run, token_from_command
from tests.support.running import appliance_on, bearer, client_of

PASSWORD = "correct horse"


async def change(database_url: str, statement: str, *args: Any) -> Any:
    connection = await asyncpg.connect(
        database_url, server_settings={"search_path": "apimonitor"}
    )
    try:
        return await connection.fetch(statement, *args)
    finally:
        await connection.close()


async def test_a_token_is_shown_once_used_listed_and_revoked(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path, ADMIN_PASSWORD=PASSWORD) as appliance,
        client_of(appliance) as client,
    ):
        first = await token_from_command(database_url, tmp_path)
        client.headers.update(bearer(first))
        made = await client.post("/v1/tokens", json={"name": "ci"})
        assert made.status_code == 201, made.text
        token = made.json()
        raw = token.pop("raw_token")
        assert raw.startswith(token["token_prefix"])
        assert len(raw) > 40
        rows = await change(database_url, "SELECT * FROM admin_tokens")
        assert raw not in str(rows)

        async def listed() -> dict[str, Any]:
            answer = await client.get("/v1/tokens")
            assert raw not in answer.text
            assert first not in answer.text
            found = answer.json()
            assert found["total"] == 2
            return {item["name"]: item for item in found["items"]}

        assert (await listed())["ci"] == token
        assert token["last_used_at"] is None
        assert (await listed())["command line"]["last_used_at"] is not None

        using = bearer(raw)
        assert (await client.get("/v1/services", headers=using)).status_code == 200
        used = (await listed())["ci"]["last_used_at"]
        assert used is not None
        for _ in range(3):
            assert (await client.get("/v1/services", headers=using)).status_code == 200
        # Noted again only once a minute is over.
        assert (await listed())["ci"]["last_used_at"] == used
        earlier = "UPDATE admin_tokens SET last_used_at = last_used_at - $1::interval"
        await change(database_url, f"{earlier} WHERE name = 'ci'", timedelta(minutes=2))
        assert (await client.get("/v1/services", headers=using)).status_code == 200
        assert (await listed())["ci"]["last_used_at"] >= used

        path = f"/v1/tokens/{token['id']}"
        for _ in range(2):
            assert (await client.delete(path)).status_code == 204
        refused = await client.get("/v1/services", headers=using)
        assert refused.status_code == 401
        assert "revoked" in refused.json()["detail"]
        ended = (await listed())["ci"]
        assert (ended["is_active"], ended["revoked_at"] is None) == (False, False)
        assert (await client.delete(f"/v1/tokens/{uuid4()}")).status_code == 404
        assert (await client.delete("/v1/tokens/x")).status_code == 422


async def test_a_token_runs_out(client: httpx.AsyncClient, database_url: str) -> None:
    new = {"name": "brief", "expires_at": "2100-01-01T00:00:00Z"}
    made = (await client.post("/v1/tokens", json=new)).json()
    using = bearer(made["raw_token"])
    assert (await client.get("/v1/logs", headers=using)).status_code == 200
    past = "UPDATE admin_tokens SET expires_at = now() - interval '1 second'"
    await change(database_url, past)
    assert (await client.get("/v1/logs", headers=using)).status_code == 401
    [item] = (await client.get("/v1/tokens")).json()["items"]
    assert item["is_active"] is False
    assert item["revoked_at"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "n" * 129}, "name"),
        ({"name": "a\0"}, "name"),
        ({"name": "n", "read_only": "yes"}, "read_only"),
        ({"name": "n", "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "n", "expires_at": "tomorrow"}, "expires_at"),
        ({"name": "n", "expires_at": 1}, "expires_at"),
        ({"name": "n", "scope": "all"}, "scope"),
    ],
)
async def test_what_is_wrong_with_a_token_is_said_at_its_field(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await client.post("/v1/tokens", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", field]


async def test_tokens_are_bounded_and_those_of_before_go_on(
    database_url: str, tmp_path: Path
) -> None:
    settings = {"ADMIN_PASSWORD": PASSWORD, "TOKENS_LIMIT": "2"}
    async with (
        appliance_on(database_url, tmp_path, **settings) as appliance,
        client_of(appliance) as client,
    ):
        old = await token_from_command(database_url, tmp_path)
        await change(
            database_url,
            "UPDATE admin_tokens SET token_prefix = NULL, last_used_at = NULL",
        )
        client.headers.update(bearer(old))
        [item] = (await client.get("/v1/tokens")).json()["items"]
        assert (item["token_prefix"], item["read_only"]) == (None, False)
        for n in range(5):
            made = await client.post("/v1/tokens", json={"name": f"n{n}"})
            assert made.status_code == 201, made.text
            refused = await client.post("/v1/tokens", json={"name": "x"})
            assert refused.status_code == 409
            assert "TOKENS_LIMIT" in refused.json()["detail"]
            gone = await client.delete(f"/v1/tokens/{made.json()['id']}")
            assert gone.status_code == 204
        items = (await client.get("/v1/tokens")).json()["items"]
        assert [item["name"] for item in items][:2] == ["n4", "n3"]
        assert len(items) <= 4
        assert items[-1]["name"] == "command line"


async def test_the_command_makes_lists_and_revokes(
    database_url: str, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": database_url, "APIMONITOR_ADMIN_PASSWORD": PASSWORD}
    new = ("token", "create", "--name", "a\tb\x1b[1m", "--read-only")
    code, raw, said = await run(tmp_path, *new, "--expires-in-days", "7", **given)
    assert (code, said) == (0, "")
    [row] = await change(database_url, "SELECT id FROM admin_tokens")
    id = str(row["id"])
    unknown = str(uuid4())
    code, printed, _ = await run(tmp_path, "token", "revoke", id, unknown, **given)
    assert (code, printed.decode()) == (
        1,
        f"{id}\trevoked\n{unknown}\tno such token\n",
    )
    code, printed, _ = await run(tmp_path, "token", "list", **given)
    line = printed.decode().splitlines()[0]
    assert code == 0
    assert raw.decode().strip() not in line
    shown, name, prefix, rights, state, _, used, ends = line.split("\t")
    assert raw.decode().startswith(prefix.removesuffix("…"))
    assert (shown, name, rights, state) == (id, "a\ufffdb\ufffd[1m", "read", "revoked")
    assert used == "used never"
    assert ends.startswith("runs out 2")
    code, printed, said = await run(tmp_path, *new, "--expires-in-days", "0", **given)
    assert (code, printed) == (2, b"")
    assert "must be a whole number from 1 to 3650" in said
