"""`apimonitor fill`: logs as others are, found by what they hold."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from tests.support.commands import run
from tests.support.compressions import compressions
from tests.support.running import appliance_on, client_of

COUNTS = """
    SELECT count(*), count(DISTINCT id), count(DISTINCT service_id), min(ts), max(ts),
           count(*) FILTER (WHERE status_code >= 400),
           count(DISTINCT coalesce(endpoint, path)), count(DISTINCT latency_ms)
      FROM logs
"""


async def test_what_it_stores_is_found_as_logs_are(
    tmp_path: Path, database_url: str
) -> None:
    began = datetime.now(UTC)
    for seed, services in ((1, 3), (2, 2)):
        options = f"--logs 1500 --days 2 --services {services} --seed {seed}".split()
        code, printed, said = await run(
            tmp_path,
            "fill",
            *options,
            DATABASE_URL=database_url,
            APIMONITOR_BODY_COMPRESSION="pglz",
        )
        assert (code, printed) == (0, b""), said
        assert "] 1,500 of 1,500 logs, " in said
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SET search_path = apimonitor")
        counted = await connection.fetchrow(COUNTS)
        assert await compressions(connection) == {("x", "")}
    finally:
        await connection.close()
    assert counted is not None
    logs, ids, services, first, last, failed, endpoints, latencies = counted
    assert (logs, ids, services) == (3000, 3000, 3)
    assert began - timedelta(days=2, seconds=1) <= first <= last <= datetime.now(UTC)
    assert 20 < failed < 300
    assert endpoints == 6 * 3 + 1
    assert latencies > 2990
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        asked: dict[str, str | int] = {
            "method": "POST",
            "status_code": 201,
            "limit": 100,
        }
        found = (await client.get("/v1/logs", params=asked)).json()["items"]
        log = (await client.get(f"/v1/logs/{found[0]['id']}")).json()
        sent = json.loads(log["request_body"])
        by_number = await client.get("/v1/logs", params={"q": str(sent["number"])})
        rule = {
            "name": "failing",
            "service_id": None,
            "condition_field": "status_code",
            "condition_operator": ">=",
            "condition_value": "400",
        }
        made = (await client.post("/v1/alerts", json=rule)).json()
        options = ["--logs", "500", "--days", "1", "--services", "1"]
        code, *_ = await run(tmp_path, "fill", *options, DATABASE_URL=database_url)
        fired = (await client.get(f"/v1/alerts/{made['id']}/events")).json()
    assert len(found) == 100
    assert code == 0 and fired["total"] > 0
    assert {each["source"] for each in found} == {"proxy"}
    assert log["id"] in [each["id"] for each in by_number.json()["items"]]
    assert json.loads(log["response_body"])["id"] == sent["id"]
    assert log["request_headers"]["Authorization"] == "[REDACTED]"
    assert log["latency_ms"] > log["timings"]["ttfb_ms"] > 0


async def test_what_retention_would_remove_is_not_made(tmp_path: Path) -> None:
    code, _, said = await run(tmp_path, "fill", "--days", "31", RETENTION_DAYS="30")
    assert code == 2
    assert "--days 31 is more than RETENTION_DAYS, which is 30" in said
    assert os.listdir(tmp_path) == []
    code, _, said = await run(tmp_path, "fill", "--logs", "0")
    assert code == 2
    assert "--logs: must be a whole number from 1 to 1000000000" in said
