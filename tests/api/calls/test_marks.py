"""Pins, tags and notes of a log: `PATCH /v1/logs/{log_id}`."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from monitor.traffic.ids import LogIds
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)


async def pushed(client: httpx.AsyncClient, **fields: Any) -> tuple[str, str]:
    """The id of a log, and a key of its service."""
    service = await register(client)
    raw = (await make_key(client, service["id"]))["raw_key"]
    answer = await client.post("/v1/logs", json={**LOG, **fields}, headers=bearer(raw))
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], raw


async def test_what_is_given_changes_and_what_is_absent_stays(
    client: httpx.AsyncClient,
) -> None:
    id, _ = await pushed(client, tags=["a"])
    path = f"/v1/logs/{id}"
    first = (await client.get(path)).json()
    assert (first["pinned"], first["tags"], first["note"]) == (False, ["a"], None)
    for change, expected in [
        ({"pinned": True}, (True, ["a"], None)),
        ({"note": "look at this"}, (True, ["a"], "look at this")),
        ({"tags": ["b", "c"]}, (True, ["b", "c"], "look at this")),
        ({}, (True, ["b", "c"], "look at this")),
        ({"pinned": False, "note": None}, (False, ["b", "c"], None)),
        ({"tags": None, "note": "x"}, (False, [], "x")),
        ({"tags": [], "note": ""}, (False, [], None)),
    ]:
        answer = await client.patch(path, json=change)
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        assert (shown["pinned"], shown["tags"], shown["note"]) == expected
        assert (await client.get(path)).json() == shown
    untouched = {"pinned", "tags", "note"}
    assert {k: v for k, v in shown.items() if k not in untouched} == {
        k: v for k, v in first.items() if k not in untouched
    }


async def test_lists_mark_and_find_the_pinned_ones(client: httpx.AsyncClient) -> None:
    id, raw = await pushed(client)
    await client.post("/v1/logs", json=LOG, headers=bearer(raw))
    await client.patch(f"/v1/logs/{id}", json={"pinned": True, "tags": ["kept"]})
    listed = (await client.get("/v1/logs")).json()["items"]
    assert [item["pinned"] for item in listed] == [False, True]
    for query, count in [("true", 1), ("false", 1)]:
        found = (await client.get(f"/v1/logs?pinned={query}")).json()
        assert found["total"] == count
        assert (found["items"][0]["id"] == id) is (query == "true")
    assert (await client.get("/v1/logs?tag=kept")).json()["total"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pinned": None}, "pinned"),
        ({"pinned": 1}, "pinned"),
        ({"note": "n" * 2001}, "note"),
        ({"note": "\x00"}, "note"),
        ({"tags": [""]}, "tags"),
        ({"tags": ["t"] * 65}, "tags"),
        ({"status_code": 200}, "status_code"),
    ],
)
async def test_bad_input_names_its_field_and_changes_nothing(
    client: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    id, _ = await pushed(client, tags=["a"])
    before = (await client.get(f"/v1/logs/{id}")).json()
    answer = await client.patch(f"/v1/logs/{id}", json=change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][1] == field
    assert (await client.get(f"/v1/logs/{id}")).json() == before


async def test_there_has_to_be_such_a_log_and_a_service_of_it(
    client: httpx.AsyncClient,
) -> None:
    for id in (uuid4(), LogIds().new()):
        answer = await client.patch(f"/v1/logs/{id}", json={"pinned": True})
        assert answer.status_code == 404
    id_of_log, _ = await pushed(client)
    service_id = (await client.get("/v1/services")).json()["items"][0]["id"]
    await client.delete(f"/v1/services/{service_id}")
    answer = await client.patch(f"/v1/logs/{id_of_log}", json={"pinned": True})
    assert answer.status_code == 404


async def test_it_needs_the_right_to_manage(database_url: str, tmp_path: Path) -> None:
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        id, raw = await pushed(client)
    closed = {"ADMIN_PASSWORD": "pw-of-tests"}
    async with (
        appliance_on(database_url, tmp_path, **closed) as appliance,
        client_of(appliance) as client,
    ):
        path, change = f"/v1/logs/{id}", {"pinned": True}
        assert (await client.patch(path, json=change)).status_code == 401
        answer = await client.patch(path, json=change, headers=bearer(raw))
        assert answer.status_code == 403
