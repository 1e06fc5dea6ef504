"""Rules run on every log, and say what they found."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from appliance.start.running import Appliance
from monitor.alerts.condition import (
    COMPARE,
    Condition,
    ConditionField,
    ConditionOperator,
)
from tests.support.patience import PATIENCE_S
from tests.support.running import (
    LOG,
    another_name,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)
from tests.support.upstreams import Reader, Writer, answering, read_head, upstream

RULE = {
    "name": "High latency",
    "condition_field": "latency_ms",
    "condition_operator": ">=",
    "condition_value": "2000",
}


@pytest_asyncio.fixture
async def appliance(database_url: str, tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance_on(database_url, tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def client(appliance: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(appliance) as made:
        yield made


async def make_rule(
    client: httpx.AsyncClient, service_id: str | None, **fields: Any
) -> dict[str, Any]:
    body = {**RULE, "service_id": service_id, **fields}
    answer = await client.post("/v1/alerts", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def events(client: httpx.AsyncClient, rule: dict[str, Any]) -> list[Any]:
    answer = await client.get(f"/v1/alerts/{rule['id']}/events")
    assert answer.status_code == 200
    found: list[Any] = answer.json()["items"]
    return found


async def test_a_query_says_which_logs_a_rule_looks_at(
    client: httpx.AsyncClient,
) -> None:
    """Of one service or of all, with a condition or alone."""
    keys = []
    for name in ("pay", "ship"):
        service = await register(client, name=name)
        keys.append(bearer((await make_key(client, service["id"]))["raw_key"]))
        if name == "pay":
            of_pay = service["id"]
    alone = {"condition_operator": None, "condition_value": None}
    alone |= {"condition_field": None}
    in_body = await make_rule(client, of_pay, **alone, query='body:"card declined"')
    of_all = await make_rule(client, None, query="method:POST -tag:health")
    assert (of_all["service_id"], of_all["query"]) == (None, "method:POST -tag:health")
    declined = {"response_body": "CARD Declined.", "status_code": 402}
    slow = {"latency_ms": 2500, "method": "POST"}
    ids = [
        (await client.post("/v1/logs", json={**LOG, **log}, headers=key)).json()["id"]
        for log in (declined, slow, {**slow, "tags": ["health"]}, {"latency_ms": 1})
        for key in keys
    ]
    found = await events(client, in_body)
    assert [event["log_id"] for event in found] == [ids[0]]
    assert found[0]["message"] == f'`body:"card declined"`: {LOG["method"]} had 402'
    found = await events(client, of_all)
    assert [event["log_id"] for event in found] == [ids[3], ids[2]]
    assert {event["service_id"] for event in found} > {of_pay}
    message = "`method:POST -tag:health`, latency_ms >= 2000: POST had 2500.0"
    assert found[0]["message"] == message
    path = f"/v1/alerts/{of_all['id']}"
    changed = (await client.patch(path, json={"query": None})).json()
    assert changed["query"] is None
    listed = (await client.get(f"/v1/alerts?service_id={of_pay}")).json()["items"]
    assert {rule["id"] for rule in listed} == {in_body["id"], of_all["id"]}
    # What the query does not say any more, the condition has to.
    refused = await client.patch(f"/v1/alerts/{in_body['id']}", json={"query": None})
    assert refused.json()["errors"][0]["loc"] == ["body", "condition_field"]


@pytest.mark.parametrize(
    ("query", "kind", "at"),
    [
        ("status:5xx (path:/a", "query_syntax", (11, 1)),
        ("tag:a pth:/b", "query_unknown_field", (6, 3)),
        ("path:/a(?<n>b)/", "query_bad_regex", None),
        ("", "string_too_short", None),
    ],
)
async def test_a_query_that_is_not_understood_is_refused_with_its_place(
    shared: httpx.AsyncClient, query: str, kind: str, at: tuple[int, int] | None
) -> None:
    rule = await make_rule(shared, (await register(shared, name=another_name()))["id"])
    made = {**RULE, "service_id": rule["service_id"], "query": query}
    for answer in (
        await shared.post("/v1/alerts", json=made),
        await shared.patch(f"/v1/alerts/{rule['id']}", json={"query": query}),
    ):
        assert answer.status_code == 422, answer.text
        [error] = answer.json()["errors"]
        assert (error["loc"], error["type"]) == (["body", "query"], kind)
        if at is not None:
            assert (error["offset"], error["length"]) == at


CASES = [
    ("status_code", ">=", "500", [500, 503], [None, 200, 499]),
    ("status_code", "<=", "399", [200, 399], [None, 400]),
    ("status_code", "==", "404", [404], [None, 400]),
    ("status_code", "!=", "200", [404], [None, 200]),
    ("status_code", ">", "499", [500], [None, 499]),
    ("status_code", "<", "200", [101], [None, 200]),
    ("latency_ms", ">=", "2000", [2000, 2000.5], [None, 1999.9]),
    ("latency_ms", "<=", "1.5", [1.5, 0], [None, 1.6]),
    ("latency_ms", "==", "10", [10.0], [None, 10.1]),
    ("latency_ms", "!=", "10", [11], [None, 10]),
    ("latency_ms", ">", "1e3", [1000.1], [None, 1000]),
    ("latency_ms", "<", "5", [4.9], [None, 5]),
    ("error", "==", "true", ["broken"], [None, ""]),
    ("error", "==", "false", [None, ""], ["broken"]),
    ("error", "!=", "true", [None], ["broken"]),
    ("error", "==", "broken", ["broken"], [None, "Broken"]),
    ("error", "!=", "broken", ["other"], [None, "", "broken"]),
]


@pytest.mark.parametrize(("field", "operator", "value", "firing", "silent"), CASES)
async def test_each_operator_on_each_field(
    shared: httpx.AsyncClient,
    field: str,
    operator: str,
    value: str,
    firing: list[Any],
    silent: list[Any],
) -> None:
    service = await register(shared, name=another_name())
    raw = (await make_key(shared, service["id"]))["raw_key"]
    rule = await make_rule(
        shared,
        service["id"],
        condition_field=field,
        condition_operator=operator,
        condition_value=value,
    )
    fired = []
    for given in (*firing, *silent):
        answer = await shared.post(
            "/v1/logs", json={**LOG, field: given}, headers=bearer(raw)
        )
        assert answer.status_code == 201
        # A log and its events appear together.
        found = await events(shared, rule)
        if given in firing and given not in silent:
            fired.append(answer.json()["id"])
        assert [event["log_id"] for event in found] == fired[::-1]
    assert found[0]["message"].startswith(f"{field} {operator} {value}: ")


async def test_captured_logs_fire_as_well(
    client: httpx.AsyncClient, appliance: Appliance
) -> None:
    broken = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
    async with upstream(answering(broken)) as port:
        service = await register(client, base_url=f"http://127.0.0.1:{port}")
        rule = await make_rule(
            client, service["id"], condition_field="status_code", condition_value="500"
        )
        answer = await client.get(f"{appliance.proxy_url}/pay/x")
        for _ in range(1_200):
            if found := await events(client, rule):
                break
            await asyncio.sleep(0.05)
    assert [e["log_id"] for e in found] == [answer.headers["X-Monitor-Log-Id"]]


CAPTURED = [
    *(("status_code", operator, "404") for operator in COMPARE),
    *(("latency_ms", operator, "1000") for operator in COMPARE),
    ("error", "==", "true"),
    ("error", "==", "false"),
    ("error", "!=", "true"),
    ("error", "!=", "false"),
    ("error", "==", "upstream_reset"),
    ("error", "!=", "upstream_reset"),
]


async def answer_by_path(reader: Reader, writer: Writer) -> None:
    """/503 answers so, /slow takes its time, /broken breaks off, /never hangs."""
    while True:
        path = (await read_head(reader)).split(b" ")[1].decode()
        match path:
            case "/slow":
                await asyncio.sleep(1.1)
            case "/broken":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
                await writer.drain()
                return
            case "/never":
                await asyncio.sleep(30)
        status = path[1:] if path[1:].isdigit() else "200"
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()


def fires(log: dict[str, Any], field: str, operator: str, value: str) -> bool:
    actual = log[field]
    if field == "error":
        wanted = {"true": True, "false": False}.get(value, value)
        compared = actual is not None if isinstance(wanted, bool) else actual
        if compared is None:
            return False
        return (compared == wanted) == (operator == "==")
    return actual is not None and bool(
        COMPARE[ConditionOperator(operator)](actual, float(value))
    )


async def test_each_operator_on_each_field_of_captured_logs(
    client: httpx.AsyncClient, appliance: Appliance
) -> None:
    async with (
        upstream(answer_by_path) as port,
        httpx.AsyncClient(
            base_url=f"{appliance.proxy_url}/pay", verify=False, timeout=PATIENCE_S
        ) as through,
    ):
        service = await register(client, base_url=f"http://127.0.0.1:{port}")
        rules = {
            (field, operator, value): await make_rule(
                client,
                service["id"],
                condition_field=field,
                condition_operator=operator,
                condition_value=value,
            )
            for field, operator, value in CAPTURED
        }
        for path in ("/200", "/404", "/503", "/slow"):
            await through.get(path)
        with pytest.raises(httpx.TransportError):
            await through.get("/broken")
        with pytest.raises(httpx.ReadTimeout):
            await through.get("/never", timeout=1)
        for _ in range(3_000):
            items = (await client.get("/v1/logs?source=proxy")).json()["items"]
            if len(items) == 6:
                break
            await asyncio.sleep(0.02)
    assert {log["status_code"] for log in items} == {None, 200, 404, 503}
    for asked, rule in rules.items():
        wanted = [log["id"] for log in items if fires(log, *asked)]
        found = await events(client, rule)
        # Those that were stored together have their events together.
        assert sorted(e["log_id"] for e in found) == sorted(wanted), asked
        exact = asked[1] == "==" and asked[0] != "status_code"
        assert wanted or exact or asked[1] == "!=", asked
        assert len(wanted) < len(items) or asked[1] == "!=", asked


async def test_old_logs_fire_only_where_the_rule_wants_them(
    client: httpx.AsyncClient,
) -> None:
    """Pushed, in a batch, or imported; by when they ended."""
    service = await register(client)
    key = bearer((await make_key(client, service["id"]))["raw_key"])
    news = await make_rule(client, service["id"])
    both = await make_rule(client, service["id"], include_old=True)
    assert (news["include_old"], both["include_old"]) == (False, True)
    now = datetime.now(UTC)
    old, lasting, young = [
        {
            **LOG,
            "latency_ms": ms,
            "timestamp": (now - timedelta(hours=hours)).isoformat(),
        }
        for ms, hours in ((3_000, 2), (1.5 * 3_600_000, 2), (3_000, 0.5))
    ]
    for log in (old, young):
        await client.post("/v1/logs", json=log, headers=key)
    await client.post("/v1/logs/batch", json=[old, lasting], headers=key)
    entry = {
        "startedDateTime": old["timestamp"],
        "time": 3_000,
        "request": {"method": "GET", "url": LOG["url"]},
    }
    archive = {"log": {"entries": [entry]}}
    await client.post("/v1/logs/import/har", json=archive, headers=key)
    assert len(await events(client, news)) == 2
    assert len(await events(client, both)) == 5
    path = f"/v1/alerts/{both['id']}"
    answer = await client.patch(path, json={"include_old": False})
    assert answer.json()["include_old"] is False
    await client.post("/v1/logs", json=old, headers=key)
    assert len(await events(client, both)) == 5


async def test_a_rule_is_read_changed_and_deleted(client: httpx.AsyncClient) -> None:
    service, other = await register(client), await register(client, name="other")
    raw = (await make_key(client, service["id"]))["raw_key"]
    rule = await make_rule(client, service["id"])
    await make_rule(client, other["id"])
    path = f"/v1/alerts/{rule['id']}"
    assert (await client.get(path)).json() == rule
    listed = (await client.get(f"/v1/alerts?service_id={service['id']}")).json()
    assert [item["id"] for item in listed["items"]] == [rule["id"]]
    assert (await client.get("/v1/alerts")).json()["total"] == 2
    slow = {**LOG, "latency_ms": 3000}
    changed = await client.patch(path, json={"is_active": False})
    assert changed.json()["is_active"] is False
    await client.post("/v1/logs", json=slow, headers=bearer(raw))
    assert await events(client, rule) == []
    await client.patch(path, json={"is_active": True, "condition_value": "4000"})
    await client.post("/v1/logs", json=slow, headers=bearer(raw))
    assert await events(client, rule) == []
    await client.patch(path, json={"condition_value": "3000"})
    await client.post("/v1/logs", json=slow, headers=bearer(raw))
    assert len(await events(client, rule)) == 1
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.get(f"{path}/events")).status_code == 404
    assert (await client.delete(f"/v1/services/{other['id']}")).status_code == 204
    assert (await client.get("/v1/alerts")).json()["total"] == 0


async def test_a_rule_that_breaks_is_marked_and_blocks_nothing(
    client: httpx.AsyncClient, database_url: str
) -> None:
    import asyncpg

    service = await register(client)
    raw = (await make_key(client, service["id"]))["raw_key"]
    rule = await make_rule(client, service["id"])
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE apimonitor.alerts SET condition_value = 'x'")
    await connection.close()
    for _ in range(2):
        pushed = await client.post("/v1/logs", json=LOG, headers=bearer(raw))
        assert pushed.status_code == 201
    shown = (await client.get(f"/v1/alerts/{rule['id']}")).json()
    assert shown["error"] == "latency_ms is compared with a number"
    mended = await client.patch(
        f"/v1/alerts/{rule['id']}", json={"condition_value": "0"}
    )
    assert mended.json()["error"] is None
    log = {**LOG, "latency_ms": 1}
    await client.post("/v1/logs", json=log, headers=bearer(raw))
    assert len(await events(client, rule)) == 1


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"condition_field": "path"}, "condition_field"),
        ({"condition_operator": "~"}, "condition_operator"),
        ({"condition_value": "soon"}, "condition_value"),
        ({"condition_value": "nan"}, "condition_value"),
        ({"condition_value": 5}, "condition_value"),
        ({"condition_value": ""}, "condition_value"),
        (
            {"condition_field": "status_code", "condition_value": "5.5"},
            "condition_value",
        ),
        ({"condition_field": "error", "condition_value": "x"}, "condition_operator"),
        ({"name": ""}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"description": "x" * 513}, "description"),
        ({"service_id": "x"}, "service_id"),
        ({"is_active": "yes"}, "is_active"),
        ({"surprise": 1}, "surprise"),
        ({"name": "nul\x00"}, "name"),
    ],
)
async def test_a_rule_that_could_not_work_is_refused(
    shared: httpx.AsyncClient, fields: dict[str, Any], place: str
) -> None:
    service = await register(shared, name=another_name())
    body = {**RULE, "service_id": service["id"], **fields}
    answer = await shared.post("/v1/alerts", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == ["body", place]
    if place != "service_id":
        rule = await make_rule(shared, service["id"])
        answer = await shared.patch(f"/v1/alerts/{rule['id']}", json=fields)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["loc"] == ["body", place]


RATE = {
    "condition_field": None,
    "aggregate": "error_rate",
    "condition_operator": ">",
    "condition_value": "0.05",
    "window_s": 300,
    "recovery_threshold": 0.02,
}
COUNT = {
    "condition_field": "status_code",
    "aggregate": "count",
    "condition_operator": ">=",
    "condition_value": "500",
    "threshold": 5,
    "window_s": 300,
    "for_s": 60,
    "cooldown_s": 3600,
}


@pytest.mark.parametrize("kind", [RATE, COUNT])
async def test_a_rule_over_a_window_is_read_and_changed(
    client: httpx.AsyncClient, kind: dict[str, Any]
) -> None:
    service = await register(client)
    rule = await make_rule(client, service["id"], **kind)
    assert {name: rule[name] for name in kind} == kind
    assert rule["state"] == "ok"
    assert rule["state_since"] == rule["created_at"]
    assert rule["value"] is rule["last_fired_at"] is None
    path = f"/v1/alerts/{rule['id']}"
    changed = await client.patch(path, json={"window_s": 60, "cooldown_s": None})
    assert changed.json()["window_s"] == 60
    assert changed.json()["cooldown_s"] is None
    cleared = dict.fromkeys(
        ("window_s", "aggregate", "threshold", "recovery_threshold")
    )
    per_log = {"condition_field": "status_code", "condition_value": "500"}
    back = await client.patch(path, json={**cleared, **per_log, "for_s": None})
    assert back.status_code == 200, back.text
    assert back.json()["state"] is back.json()["window_s"] is None
    again = await client.patch(path, json=kind)
    assert again.json()["state"] == "ok"


@pytest.mark.parametrize(
    ("kind", "fields", "place"),
    [
        (RATE, {"window_s": 4}, "window_s"),
        (RATE, {"window_s": 86_401}, "window_s"),
        (RATE, {"window_s": 60.5}, "window_s"),
        (RATE, {"window_s": "60"}, "window_s"),
        (RATE, {"window_s": True}, "window_s"),
        (RATE, {"window_s": None}, "aggregate"),
        (RATE, {"aggregate": None}, "aggregate"),
        (RATE, {"aggregate": "avg"}, "aggregate"),
        (RATE, {"aggregate": 5}, "aggregate"),
        (RATE, {"for_s": -1}, "for_s"),
        (RATE, {"for_s": 86_401}, "for_s"),
        (RATE, {"for_s": 0.5}, "for_s"),
        (RATE, {"cooldown_s": -1}, "cooldown_s"),
        (RATE, {"cooldown_s": 604_801}, "cooldown_s"),
        (RATE, {"cooldown_s": "1"}, "cooldown_s"),
        (RATE, {"threshold": 5}, "threshold"),
        (RATE, {"condition_field": "error"}, "condition_field"),
        (RATE, {"condition_value": "1.01"}, "condition_value"),
        (RATE, {"condition_value": "-0.1"}, "condition_value"),
        (RATE, {"condition_value": "5 %"}, "condition_value"),
        (RATE, {"condition_operator": None}, "condition_operator"),
        (
            RATE,
            {"aggregate": "request_count", "condition_value": "1.5"},
            "condition_value",
        ),
        (
            RATE,
            {"aggregate": "request_count", "condition_value": "1000000001"},
            "condition_value",
        ),
        (
            RATE,
            {"aggregate": "p95_latency_ms", "condition_value": "inf"},
            "condition_value",
        ),
        (COUNT, {"threshold": None}, "threshold"),
        (COUNT, {"threshold": 0}, "threshold"),
        (COUNT, {"threshold": 1_000_000_001}, "threshold"),
        (COUNT, {"threshold": 1.5}, "threshold"),
        (COUNT, {"condition_field": None}, "condition_field"),
        (COUNT, {"condition_value": "x"}, "condition_value"),
        (COUNT, {"condition_field": "error"}, "condition_operator"),
        (RATE, {"recovery_threshold": 0.06}, "recovery_threshold"),
        (RATE, {"recovery_threshold": -0.1}, "recovery_threshold"),
        (RATE, {"recovery_threshold": "0.01"}, "recovery_threshold"),
        (
            RATE,
            {"recovery_threshold": 0.01, "condition_operator": "=="},
            "recovery_threshold",
        ),
        (COUNT, {"recovery_threshold": 5}, "recovery_threshold"),
        (COUNT, {"recovery_threshold": 1.5}, "recovery_threshold"),
        (RULE, {"recovery_threshold": 0}, "recovery_threshold"),
        (RULE, {"aggregate": "count"}, "aggregate"),
        (RULE, {"for_s": 5}, "for_s"),
        (RULE, {"threshold": 5}, "threshold"),
        (RULE, {"window_s": 60}, "aggregate"),
        (RULE, {"condition_field": None}, "condition_field"),
    ],
)
async def test_a_window_that_could_not_work_is_refused(
    shared: httpx.AsyncClient, kind: dict[str, Any], fields: dict[str, Any], place: str
) -> None:
    service = await register(shared, name=another_name())
    body = {**RULE, "service_id": service["id"], **kind, **fields}
    answer = await shared.post("/v1/alerts", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == ["body", place]
    rule = await make_rule(shared, service["id"], **kind)
    answer = await shared.patch(f"/v1/alerts/{rule['id']}", json=fields)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == ["body", place]
    after = (await shared.get(f"/v1/alerts/{rule['id']}")).json()
    # It may have been looked at meanwhile.
    assert {**after, "value": None} == {**rule, "value": None}


async def test_what_is_not_there_is_404(client: httpx.AsyncClient) -> None:
    body = {**RULE, "service_id": str(uuid4())}
    assert (await client.post("/v1/alerts", json=body)).status_code == 404
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/events"),
    ):
        options: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        answer = await client.request(
            method,
            f"/v1/alerts/{uuid4()}{path}",
            **options,
        )
        assert answer.status_code == 404


def test_a_condition_knows_what_it_cannot_compare() -> None:
    condition = Condition(
        field=ConditionField.ERROR, operator=ConditionOperator.ABOVE, value="x"
    )
    assert condition.problem() is not None
