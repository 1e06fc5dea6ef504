"""Two logs compared by /v1, from the last that went well, and what rules ignore."""

from pathlib import Path
from typing import Any

import httpx

from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)


def places(found: list[dict[str, Any]], *, volatile: bool) -> set[str]:
    return {one["path"] for one in found if one["volatile"] is volatile}


async def push(client: httpx.AsyncClient, key: str, **fields: Any) -> str:
    where = {"path": "/orders/1", "url": "https://pay.internal/orders/1"}
    log = {**LOG, **where, "status_code": 200, **fields}
    answer = await client.post("/v1/logs", json=log, headers=bearer(key))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_any_two_logs_are_compared_and_rules_ignore(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path, COMPARISON_RULES_LIMIT="3") as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client)
        key = (await make_key(client, service["id"]))["raw_key"]

        async def compared(status: int = 200, **params: str) -> Any:
            answer = await client.get("/v1/compare", params=params)
            assert answer.status_code == status, answer.text
            return answer.json()

        sent = {"request_headers": {"X-Build": "1"}, "request_body": '{"n": 1}'}
        json = {"Content-Type": "application/json", "X-Node": "a"}
        good = await push(
            client,
            key,
            **sent,
            latency_ms=10,
            response_headers=json,
            response_body='{"total": 5, "items": [{"id": 1, "etag": "x"}]}',
        )
        # Neither another method, path, status nor an error is one that went well.
        await push(client, key, path="/orders/2/lines")
        await push(client, key, method="PUT")
        await push(client, key, status_code=404)
        await push(client, key, error="upstream_reset: broke")
        bad = await push(
            client,
            key,
            path="/orders/7",
            url="https://pay.internal/orders/7",
            request_headers={"X-Build": "2"},
            request_body='{"n": 2}',
            status_code=503,
            latency_ms=35,
            response_headers={**json, "X-Node": "b"},
            response_body='{"total": null, "items": [{"id": 1, "etag": "y"}]}',
        )
        await push(client, key, path="/orders/8")

        made = await compared(b=bad)
        assert (made["a"]["id"], made["b"]["id"]) == (good, bad)
        assert made["endpoint"] == "/orders/{id}"
        comparison = made["comparison"]
        assert comparison["status"] == {"left": 200, "right": 503, "equal": False}
        assert comparison["latency_ms"]["difference"] == 25
        body = {"$.total", "$.items[0].etag"}
        assert places(comparison["body"], volatile=False) == body
        assert places(comparison["headers"], volatile=False) == {"x-node"}
        request = made["request"]
        assert request["url"]["equal"] is False
        assert request["method"]["equal"] is True
        assert [one["path"] for one in request["body"]] == ["$.n"]
        assert [one["path"] for one in request["headers"]] == ["x-build"]
        assert set(made["request_size"]) == {"left", "right", "difference"}
        swapped = await compared(a=bad, b=good)
        assert swapped["comparison"]["latency_ms"]["difference"] == -25
        same = await compared(a=bad, b=bad)
        assert same["comparison"]["equal"] is True

        # The first has nothing before it; ids are checked one by one.
        assert "went well" in (await compared(404, b=good))["detail"]
        nobody = "0" * 8 + "-0000-7000-8000-" + "0" * 12
        assert nobody in (await compared(404, a=nobody, b=bad))["detail"]
        problem = await compared(422, a="x", c="1")
        assert {one["loc"][1] for one in problem["errors"]} == {"a", "b", "c"}

        async def rule(status: int = 201, **fields: Any) -> Any:
            new = {"service_id": service["id"], "endpoint": "/orders/{id}", **fields}
            answer = await client.post("/v1/compare/rules", json=new)
            assert answer.status_code == status, answer.text
            return answer.json()

        etag = await rule(part="body", path="$.items[3].etag")
        assert etag["path"] == "$.items[*].etag"
        await rule(part="header", path="X-Node")
        found = (await compared(b=bad))["comparison"]
        assert places(found["body"], volatile=True) == {"$.items[0].etag"}
        assert places(found["headers"], volatile=True) == {"x-node"}
        reasons = [one["reason"] for one in found["body"] if one["volatile"]]
        assert reasons == ["a rule of this service says so"]
        # Not of another endpoint.
        lines = await push(client, key, path="/orders/2/lines", response_body="{}")
        other = (await compared(a=good, b=lines))["comparison"]
        assert places(other["headers"], volatile=True) == set()

        # The same place again is the same rule; it counts once it is said so.
        again = await rule(part="body", path="$.items[0].etag", ignore=False)
        assert again["id"] == etag["id"]
        found = (await compared(b=bad))["comparison"]
        assert places(found["body"], volatile=False) == body
        await rule(part="body", path="$.total", endpoint=None)
        assert (
            "COMPARISON_RULES_LIMIT"
            in (await rule(409, part="body", path="$"))["detail"]
        )
        await rule(422, part="trailer", path="x")
        await rule(404, part="body", path="$", service_id=nobody)
        listed = await client.get("/v1/compare/rules", params={"limit": 2})
        assert listed.json()["total"] == 3
        for one in (await client.get("/v1/compare/rules")).json()["items"]:
            gone = await client.delete(f"/v1/compare/rules/{one['id']}")
            assert gone.status_code == 204
        assert (await client.delete(f"/v1/compare/rules/{etag['id']}")).status_code == (
            404
        )
        found = (await compared(b=bad))["comparison"]
        assert places(found["body"], volatile=True) == set()


async def test_what_differs_between_answers_that_went_well_differs_anyway(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client)
        key = (await make_key(client, service["id"]))["raw_key"]
        ids = [
            await push(client, key, response_body=f'{{"at": {n}, "ok": {ok}}}')
            for n, ok in enumerate(["true", "true", "true", "false"])
        ]
        found = (await client.get("/v1/compare", params={"b": ids[-1]})).json()
        assert found["a"]["id"] == ids[-2]
        body = found["comparison"]["body"]
        # Neither of the two compared is evidence against the other.
        assert places(body, volatile=True) == {"$.at"}
        assert places(body, volatile=False) == {"$.ok"}
        counts = {"service_id": service["id"], "part": "body", "path": "$.at"}
        new = {**counts, "ignore": False}
        assert (await client.post("/v1/compare/rules", json=new)).status_code == 201
        found = (await client.get("/v1/compare", params={"b": ids[-1]})).json()
        assert places(found["comparison"]["body"], volatile=False) == {"$.at", "$.ok"}
