"""Deploy marks: one call of a CI job, listed by time and service, bounded."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.commands import token_from_command
from tests.support.running import appliance_on, bearer, client_of, make_key, register

NOON = "2026-11-24T12:00:00.000Z"


async def texts(client: httpx.AsyncClient, **asked: Any) -> list[str]:
    answer = await client.get("/v1/marks", params=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["total"] == len(found["items"])
    return [mark["text"] for mark in found["items"]]


async def test_a_mark_is_made_by_one_call_listed_and_removed(
    database_url: str, tmp_path: Path
) -> None:
    settings = {"ADMIN_PASSWORD": "pw-of-tests", "MARKS_LIMIT": "4"}
    async with (
        appliance_on(database_url, tmp_path, **settings) as appliance,
        client_of(appliance) as client,
    ):
        assert (await client.post("/v1/marks", json={"text": "x"})).status_code == 401
        admin = await token_from_command(database_url, tmp_path)
        client.headers.update(bearer(admin))
        pay = await register(client)
        shop = await register(client, name="Web Shop")
        key = bearer((await make_key(client, pay["id"]))["raw_key"])
        async with client_of(appliance) as job:
            made = await job.post("/v1/marks", json={"text": " v1\n2 "}, headers=key)
            assert made.status_code == 201, made.text
            mark = made.json()
            assert (mark["service_id"], mark["text"]) == (pay["id"], "v1 2")
            assert mark["timestamp"] == mark["created_at"]
            other = {"text": "x", "service": "web-shop"}
            refused = await job.post("/v1/marks", json=other, headers=key)
            assert refused.status_code == 403
            gone = f"/v1/marks/{mark['id']}"
            assert (await job.delete(gone, headers=key)).status_code == 403
            assert (await job.get("/v1/marks", headers=key)).status_code == 403

        for new in (
            {"text": "by name", "service": "web shop", "timestamp": NOON},
            {"text": "by id", "service_id": shop["id"]},
            {"text": "of all"},
        ):
            made = await client.post("/v1/marks", json=new)
            assert made.status_code == 201, made.text
        assert await texts(client) == ["of all", "by id", "v1 2", "by name"]
        of_shop = {"service_id": shop["id"]}
        assert await texts(client, **of_shop) == ["of all", "by id", "by name"]
        after = {"since": "2026-11-24T12:00:00.001Z"}
        assert await texts(client, **of_shop, **after) == ["of all", "by id"]
        assert await texts(client, until=NOON) == []
        # The oldest goes, whatever was made last.
        made = await client.post("/v1/marks", json={"text": "fifth"})
        assert await texts(client) == ["fifth", "of all", "by id", "v1 2"]

        assert [(await client.delete(gone)).status_code for _ in "ab"] == [204, 404]
        assert (await client.delete(f"/v1/services/{shop['id']}")).status_code == 204
        assert await texts(client) == ["fifth", "of all"]


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({}, 422, "text"),
        ({"text": " \n"}, 422, "text"),
        ({"text": "x" * 257}, 422, "text"),
        ({"text": "x", "timestamp": "noon"}, 422, "timestamp"),
        ({"text": "x", "timestamp": "0001-01-01T00:00:00Z"}, 422, "timestamp"),
        ({"text": "x", "service": ""}, 422, "service"),
        ({"text": "x", "color": "red"}, 422, "color"),
        ({"text": "x", "service": "nobody"}, 404, None),
        ({"text": "x", "service_id": str(uuid4())}, 404, None),
        (
            {"text": "x", "service": "a", "service_id": "8f14e45f-ceea-467f-a0e6-0"},
            422,
            "service_id",
        ),
    ],
)
async def test_what_is_wrong_with_a_mark_is_said_at_its_field(
    shared: httpx.AsyncClient, body: dict[str, Any], status: int, where: str | None
) -> None:
    answer = await shared.post("/v1/marks", json=body)
    assert answer.status_code == status, answer.text
    if where is not None:
        assert answer.json()["errors"][0]["loc"] == ["body", where]
