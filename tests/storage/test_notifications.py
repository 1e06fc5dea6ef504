"""What is found is told to channels, in the transaction of the events."""

import asyncio
import json
from dataclasses import fields
from typing import Any
from uuid import UUID

import pytest

from monitor.exchange import Exchange, Source
from monitor.storage.batch import commit
from monitor.storage.channels import Channels
from monitor.storage.deliveries import Deliveries
from monitor.storage.pool import Database
from monitor.storage.services import Services
from tests.patience import PATIENCE_S
from tests.storage.alert_bench import FIRING, IDS, QUIET, RATE, RESOLVED, Bench


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
