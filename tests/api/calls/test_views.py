"""Saved views: what the list takes, under a name, for all, bounded."""

from pathlib import Path
from typing import Any

import httpx

from tests.support.commands import token_from_command
from tests.support.running import appliance_on, bearer, client_of

ERRORS = {"query": "status:5xx", "source": "proxy"}


async def refused(client: httpx.AsyncClient, **fields: Any) -> list[str]:
    answer = await client.post("/v1/views", json={"name": "bad", **fields})
    assert answer.status_code == 422, answer.text
    return [".".join(map(str, e["loc"])) for e in answer.json()["errors"]]


async def test_views_are_saved_listed_changed_and_removed_within_bounds(
    database_url: str, tmp_path: Path
) -> None:
    settings = {"ADMIN_PASSWORD": "pw-of-tests", "VIEWS_LIMIT": "2"}
    async with (
        appliance_on(database_url, tmp_path, **settings) as appliance,
        client_of(appliance) as client,
    ):
        assert (await client.get("/v1/views")).status_code == 401
        client.headers.update(bearer(await token_from_command(database_url, tmp_path)))
        new = {"name": "Failed", "filters": ERRORS, "range": "24h"}
        made = (await client.post("/v1/views", json=new)).json()
        assert (made["filters"], made["range"], made["columns"]) == (
            ERRORS,
            "24h",
            None,
        )

        assert await refused(client, filters={"query": "a statu:1"}) == [
            "body.filters.query"
        ]
        [error] = (
            await client.post(
                "/v1/views", json={"name": "b", "filters": {"query": "a statu:1"}}
            )
        ).json()["errors"]
        assert (error["offset"], error["suggestion"]) == (2, "status")
        assert await refused(client, filters={"sort": "x"}) == ["body.filters.sort"]
        assert await refused(client, filters={"limit": "5"}) == ["body.filters.limit"]
        assert await refused(client, range="soon") == ["body.range"]
        since = {"filters": {"since": "2026-11-24T00:00:00Z"}}
        both = {**since, "range": "1h"}
        assert await refused(client, **both) == ["body.range"]
        assert await refused(client, columns=["<b>"]) == ["body.columns.0"]
        assert await refused(client, name=" ") == ["body.name"]

        taken = await client.post("/v1/views", json={"name": "fAILED"})
        assert taken.status_code == 409
        second = {"name": "a first one", "columns": ["time", "path"]}
        other = (await client.post("/v1/views", json=second)).json()
        full = await client.post("/v1/views", json={"name": "third"})
        assert (full.status_code, "VIEWS_LIMIT" in full.text) == (409, True)
        listed = (await client.get("/v1/views")).json()
        assert [view["name"] for view in listed["items"]] == ["a first one", "Failed"]

        at = f"/v1/views/{made['id']}"
        assert (await client.patch(at, json={"name": other["name"]})).status_code == 409
        assert (await client.patch(at, json=since)).status_code == 422
        changed = (await client.patch(at, json={**since, "range": None})).json()
        assert (changed["name"], changed["range"]) == ("Failed", None)
        assert (await client.get(at)).json() == changed
        assert (await client.delete(at)).status_code == 204
        for gone in (client.get(at), client.delete(at), client.patch(at, json={})):
            assert (await gone).status_code == 404
