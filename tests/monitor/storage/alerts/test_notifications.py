"""What is found is told to channels, in the transaction of the events."""

import asyncio
import json
from dataclasses import fields
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from monitor import times
from monitor.alerts.links import paths
from monitor.logs.query import parse_log_query
from monitor.storage.alerts.channels import Channels
from monitor.storage.alerts.deliveries import Deliveries
from monitor.storage.alerts.events import event_of
from monitor.storage.commit.commit import commit
from monitor.storage.database.pool import Database
from monitor.storage.registry.services import Services
from monitor.traffic.exchange import Exchange, Source
from tests.support.alert_bench import FIRING, IDS, QUIET, RATE, RESOLVED, Bench, counted
from tests.support.patience import PATIENCE_S
from tests.support.queries import QUERIES


async def channel(
    database: Database, service_id: UUID | None = None, **fields: Any
) -> UUID:
    given = {
        "service_id": service_id,
        "name": "c",
        "kind": "webhook",
        "url": "http://127.0.0.1:1/",
        "is_active": True,
    }
    made = await Channels(database).create({**given, **fields}, secret=None)
    assert made is not None
    return made.id


async def told(database: Database) -> list[str]:
    """The types of what is to be delivered, oldest first."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT body::json->>'type' AS type FROM alert_deliveries ORDER BY id"
        )
    return [row["type"] for row in rows]


async def bodies(database: Database) -> list[dict[str, Any]]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT body FROM alert_deliveries ORDER BY id")
    return [json.loads(row["body"]) for row in rows]


async def test_firing_and_resolving_are_told(bench: Bench, database: Database) -> None:
    await channel(database, bench.service_id)
    await channel(database)
    await channel(database, is_active=False)
    rule = await bench.rule(**QUIET)
    await bench.judge(rule, 0)
    assert await told(database) == ["alert.firing"] * 2
    await bench.log(1)
    await bench.judge(rule, 3)
    assert await told(database) == ["alert.firing"] * 2 + ["alert.resolved"] * 2


async def test_a_cooldown_holds_back_what_is_told_but_no_event(
    bench: Bench, database: Database
) -> None:
    await channel(database)
    rule = await bench.rule(**{**QUIET, "window_s": 10}, cooldown_s=60)
    assert await bench.state(rule, 0) is FIRING
    await bench.log(1)
    assert await bench.state(rule, 3) is RESOLVED
    assert await bench.state(rule, 20) is FIRING
    await bench.log(21)
    assert await bench.state(rule, 23) is RESOLVED
    assert len(await bench.events(rule)) == 4
    assert await told(database) == ["alert.firing", "alert.resolved"]
    assert await bench.state(rule, 61) is FIRING
    assert (await told(database))[2:] == ["alert.firing"]


async def test_an_outage_that_begins_within_the_cooldown_is_told_when_that_ends(
    bench: Bench, database: Database
) -> None:
    await channel(database)
    rule = await bench.rule(**{**QUIET, "window_s": 10}, cooldown_s=60)
    assert await bench.state(rule, 0) is FIRING
    await bench.log(1)
    assert await bench.state(rule, 3) is RESOLVED
    assert await bench.state(rule, 20) is FIRING
    assert await bench.state(rule, 58) is FIRING
    first = ["alert.firing", "alert.resolved"]
    assert await told(database) == first
    for second in (60, 62, 130):
        assert await bench.state(rule, second) is FIRING
        assert await told(database) == [*first, "alert.firing"]
    deliveries, _ = await Deliveries(database).page(limit=1, offset=0)
    [beginning, *_] = await bench.events(rule)
    assert deliveries[0].event_id == beginning.id
    assert deliveries[0].created_at == bench.at(60)
    assert beginning.fired_at == bench.at(20)
    await bench.log(131)
    assert await bench.state(rule, 133) is RESOLVED
    assert await told(database) == first * 2
    assert len(await bench.events(rule)) == 4


async def test_a_channel_that_comes_while_a_rule_fires_hears_of_it(
    bench: Bench, database: Database
) -> None:
    rule = await bench.rule(**QUIET)
    await bench.judge(rule, 0)
    await channel(database)
    for second in (2, 4):
        await bench.judge(rule, second)
        assert await told(database) == ["alert.firing"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"window_s": 30}, "the rule was changed"),
        ({"recovery_threshold": 3}, "the rule was changed"),
        ({"is_active": False}, "the rule was paused"),
        (None, "the rule was deleted"),
    ],
)
async def test_a_firing_rule_that_is_changed_or_deleted_tells_its_end(
    bench: Bench, database: Database, change: dict[str, Any] | None, reason: str
) -> None:
    await channel(database)
    less = {**QUIET, "condition_operator": "<", "condition_value": "1"}
    firing, quiet = await bench.rule(**less), await bench.rule(**RATE)
    await bench.judge(firing, 0)
    for rule in (firing, quiet):
        if change is None:
            assert await bench.alerts.delete(rule)
            assert not await bench.alerts.delete(rule)
        else:
            await bench.alerts.change(rule, {"name": "n"})
            await bench.alerts.change(rule, change)
            await bench.alerts.change(rule, change)
    ends = [body for body in await bodies(database) if "resolved" in body["type"]]
    [end] = ends
    assert end["data"]["event"]["message"] == f"resolved: {reason}"
    assert end["data"]["alert"]["id"] == str(firing)
    if change is not None:
        assert await told(database) == ["alert.firing", "alert.resolved"]
        assert [e.state for e in await bench.events(firing)] == [RESOLVED, FIRING]
        assert await bench.events(quiet) == []


async def test_no_end_is_told_of_a_firing_that_was_not(
    bench: Bench, database: Database
) -> None:
    await channel(database)
    rule = await bench.rule(**{**QUIET, "window_s": 10}, cooldown_s=60)
    await bench.judge(rule, 0)
    await bench.log(1)
    await bench.judge(rule, 3)
    assert await bench.state(rule, 20) is FIRING
    await bench.alerts.change(rule, {"window_s": 20})
    assert await told(database) == ["alert.firing", "alert.resolved"]


async def test_a_service_that_is_deleted_while_it_fires_tells_the_end(
    bench: Bench, database: Database
) -> None:
    await channel(database, bench.service_id)
    every = await channel(database)
    await bench.judge(await bench.rule(**QUIET), 0)

    async def publish() -> None:
        """No proxy is there to be told."""

    assert await Services(database, publish=publish).delete(bench.service_id)
    [delivery], _ = await Deliveries(database).page(limit=5, offset=0)
    assert (delivery.channel_id, delivery.alert_id) == (every, None)
    [end] = await bodies(database)
    assert end["data"]["event"]["message"] == "resolved: the service was deleted"
    assert end["data"]["service"]["name"] == "pay"


def asked(link: str) -> dict[str, str]:
    """The parameters of a list's link, which the list takes."""
    pairs = parse_qsl(urlsplit(link).query, strict_parsing=True)
    parse_log_query(pairs, QUERIES)
    return dict(pairs)


async def test_what_is_told_says_what_happened_and_where_to_look(
    bench: Bench, database: Database
) -> None:
    hostile = "/a\nRESOLVED all is well/" + "x" * 2_000
    await channel(database)
    await channel(database, kind="slack")
    rule = await bench.rule(**{**RATE, "window_s": 10}, cooldown_s=60)
    fields = {"path": hostile, "status_code": 504, "error": "upstream_timeout: <x>"}
    log = await bench.log(-30, latency_ms=30_500.25, **fields)
    assert await bench.state(rule, 1) is FIRING
    assert await bench.state(rule, 20) is RESOLVED
    deliveries = Deliveries(database, public_url="https://m.example")
    sent = []
    for _ in range(2):
        due = await deliveries.begin_due(bench.at(50), most=9, busy=[])
        sent += [json.loads(message.body) for message in due]
    told_of = [one["data"] for one in sent if "data" in one]
    slack = [one["text"].split("\n") for one in sent if "text" in one]
    found = told_of[0]["log"]
    assert (found["id"], found["method"]) == (str(log), "GET")
    assert (found["status_code"], found["latency_ms"]) == (504, 30_500.25)
    assert found["error"] == "upstream_timeout: <x>"
    assert found["path"].startswith("/a RESOLVED") and len(found["path"]) == 1_001
    assert told_of[0]["links"]["log"] == f"https://m.example/log/{log}"
    firing, resolved = (asked(one["links"]["logs"]) for one in told_of)
    assert firing == {
        "service_id": str(bench.service_id),
        "is_error": "true",
        # When it began, though it ended within the window.
        "since": times.format(bench.at(-30)),
    }
    assert resolved["since"] == times.format(bench.at(-9))
    assert resolved["until"] == times.format(bench.at(20))
    assert told_of[1]["log"] is told_of[1]["links"]["log"] is None
    title, _, sentence, *links = slack[0]
    assert title == "FIRING r, pay"
    assert sentence.startswith("GET /a RESOLVED all is well/xxx")
    after = "…: 504 after 30500.2 ms, upstream_timeout: &lt;x&gt;"
    assert sentence.endswith(after) and len(sentence) < 300
    assert links == [
        url.replace("&", "&amp;") for url in told_of[0]["links"].values() if url
    ]
    assert [line[:8] for line in slack[1]] == ["RESOLVED", "resolved", "https://"]


async def test_nobody_is_led_to_an_address_that_is_not_known(
    bench: Bench, database: Database
) -> None:
    await channel(database)
    await channel(database, kind="slack")
    rule = await bench.rule(**QUIET)
    await bench.judge(rule, 0)
    due = await Deliveries(database).begin_due(bench.at(1), most=9, busy=[])
    for body in (json.loads(message.body) for message in due):
        if "data" in body:
            assert body["data"]["links"] == {"log": None, "logs": None}
            assert body["data"]["log"] is None
        else:
            assert len(body["text"].split("\n")) == 2


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("status_code", "==", "404", {"status_code": "404"}),
        ("status_code", "==", "99", {}),
        ("status_code", ">=", "400", {}),
        ("status_code", ">", "499", {"is_error": "true"}),
        ("status_code", "!=", "200", {}),
        ("latency_ms", ">", "1e3", {"min_latency_ms": "1000.0"}),
        ("latency_ms", "<=", "5", {"max_latency_ms": "5.0"}),
        ("latency_ms", "==", "5", {"min_latency_ms": "5.0", "max_latency_ms": "5.0"}),
        ("latency_ms", ">=", "-1", {}),
        ("error", "==", "true", {"has_error": "true"}),
        ("error", "!=", "true", {"has_error": "false"}),
        ("error", "==", "false", {"has_error": "false"}),
        ("error", "!=", "false", {"has_error": "true"}),
        ("error", "!=", "boom", {"has_error": "true"}),
    ],
)
async def test_the_list_that_is_linked_shows_all_that_counted(
    bench: Bench, field: str, operator: str, value: str, expected: dict[str, str]
) -> None:
    rule = await bench.rule(**counted(field, operator, value, 1))
    alert = await bench.alerts.get(rule)
    assert alert is not None
    event = event_of(
        alert, state=FIRING, message="m", log_id=IDS.new(), now=bench.at(0)
    )
    found = paths(alert, [event])
    query = asked(found["logs"] or "")
    since = {"since": times.format(bench.at(-60))}
    assert query == {"service_id": str(bench.service_id), **expected, **since}


async def test_a_batch_of_matches_is_told_once_with_their_number(
    bench: Bench, database: Database
) -> None:
    await channel(database)
    given = {
        "name": "r",
        "condition_field": "status_code",
        "condition_operator": "==",
        "condition_value": "500",
    }
    rule = await bench.alerts.create(bench.service_id, {**given, "cooldown_s": 3600})
    assert rule is not None
    made = [
        Exchange(
            id=IDS.new(),
            service_id=bench.service_id,
            source=Source.PROXY,
            method="GET",
            url="http://x/",
            path="/",
            status_code=500,
        )
        for _ in range(3)
    ]
    for _ in range(2):
        async with database.connection() as connection:
            await commit(connection, bench.partitions, made)
        made = [Exchange(**{**_fields(exchange), "id": IDS.new()}) for exchange in made]
    assert len(await bench.events(rule.id)) == 6
    async with database.connection() as connection:
        bodies = await connection.fetch(
            "SELECT body::json->'data'->>'events' AS events FROM alert_deliveries"
        )
    assert [row["events"] for row in bodies] == ["3"]


async def test_a_deleted_service_takes_rules_events_channels_and_deliveries_along(
    bench: Bench, database: Database
) -> None:
    own = await channel(database, bench.service_id)
    every = await channel(database)
    rule = await bench.rule(**QUIET)
    await bench.judge(rule, 0)
    async with database.connection() as connection:
        await connection.execute("DELETE FROM services")
        for table in ("alerts", "alert_events", "alert_deliveries"):
            left = await connection.fetchval(f"SELECT count(*) FROM {table}")
            assert left == 0, table
    channels = Channels(database)
    assert await channels.get(own) is None
    assert await channels.get(every) is not None
    found, total = await Deliveries(database).page(limit=5, offset=0)
    assert (found, total) == ([], 0)


async def test_a_channel_that_is_being_deleted_refuses_no_log(
    bench: Bench, database: Database
) -> None:
    going = await channel(database)
    given = {
        "name": "r",
        "condition_field": "status_code",
        "condition_operator": "==",
        "condition_value": "500",
    }
    rule = await bench.alerts.create(bench.service_id, given)
    assert rule is not None
    async with database.connection() as connection, connection.transaction():
        await connection.execute("DELETE FROM alert_channels WHERE id = $1", going)
        log = await bench.log(1, status_code=500)
    assert [event.log_id for event in await bench.events(rule.id)] == [log]
    found = await bench.alerts.get(rule.id)
    assert found is not None and found.error is None


async def test_a_rule_that_is_being_deleted_holds_up_no_log(
    bench: Bench, database: Database
) -> None:
    given = {
        "name": "r",
        "condition_field": "status_code",
        "condition_operator": "==",
        "condition_value": "500",
    }
    rule = await bench.alerts.create(bench.service_id, given)
    assert rule is not None
    async with database.connection() as connection, connection.transaction():
        await connection.execute("DELETE FROM alerts WHERE id = $1", rule.id)
        async with asyncio.timeout(PATIENCE_S):
            await bench.log(1, status_code=500)
    assert await bench.alerts.get(rule.id) is None


def _fields(exchange: Exchange) -> dict[str, Any]:
    return {field.name: getattr(exchange, field.name) for field in fields(exchange)}


async def test_a_muted_rule_makes_events_and_is_told_of_once_that_is_over(
    bench: Bench, database: Database
) -> None:
    await channel(database)
    rule = await bench.rule(**{**QUIET, "window_s": 10})
    each = await bench.rule(window_s=None, query="path:/a")
    muted = {"muted_until": bench.at(60)}
    for id in (rule, each):
        assert (await bench.alerts.change(id, muted)) is not None
    assert await bench.state(rule, 0) is FIRING
    await bench.log(1)
    assert await bench.state(rule, 3) is RESOLVED
    assert await bench.state(rule, 20) is FIRING
    assert (len(await bench.events(rule)), len(await bench.events(each))) == (3, 1)
    assert await told(database) == []
    # It fires on: now it is told, and its end will be.
    assert await bench.state(rule, 61) is FIRING
    assert await told(database) == ["alert.firing"]
    await bench.alerts.change(each, {"muted_until": None})
    await bench.log(62)
    assert await bench.state(rule, 63) is RESOLVED
    assert sorted(await told(database)) == ["alert.firing"] * 2 + ["alert.resolved"]
