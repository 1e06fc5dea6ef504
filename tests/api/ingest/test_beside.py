"""Rows of large batches are taken in a process beside, and nobody can tell."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.ingest.taking import LITTLE_BYTES, PARCEL_BYTES
from monitor.traffic.ids import LeasedIds, LogIds, timestamp_of
from tests.support.running import (
    LOG,
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

BODY = json.dumps({"card": {"number": "4111", "name": "N"}, "filler": "x" * 400})
# What all masking ends at.
FLOOD = f"[{'0,' * 60_000}0]"
SOME = 1_000
MASK = "***MASKED***"


def rows(count: int = SOME, **fields: Any) -> list[dict[str, Any]]:
    return [
        {**LOG, "request_body": BODY, "source_ip": str(n), **fields}
        for n in range(count)
    ]


@asynccontextmanager
async def pushing(
    database_url: str, tmp_path: Path, **settings: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the key of a service."""
    async with (
        appliance_on(database_url, tmp_path, **settings) as appliance,
        client_of(appliance, timeout=120) as client,
    ):
        service = await register(client, redact_fields=["$.card.number"])
        key = await make_key(client, service["id"])
        client.headers.update(bearer(key["raw_key"]))
        yield client


async def batch(client: httpx.AsyncClient, each: list[dict[str, Any]]) -> Any:
    content = b"".join(json.dumps(row).encode() + b"\n" for row in each)
    assert len(content) > LITTLE_BYTES
    headers = {"Content-Type": "application/x-ndjson"}
    return await client.post("/v1/logs/batch", content=content, headers=headers)


async def done_beside(client: httpx.AsyncClient, outcome: str = "done") -> float:
    lines = (await client.get("/metrics")).text.splitlines()
    head = f'apimonitor_helper_tasks_total{{kind="batch",outcome="{outcome}"}} '
    return sum(float(line[len(head) :]) for line in lines if line.startswith(head))


@pytest.mark.parametrize("processes", [0, 1, 2])
async def test_what_is_stored_is_the_same_wherever_it_is_made(
    database_url: str, tmp_path: Path, processes: int
) -> None:
    given = {"INGEST_PROCESSES": str(processes)}
    async with pushing(database_url, tmp_path, **given) as client:
        each = [*rows(), *rows(1, request_body=FLOOD), *rows(3, surplus=1)]
        answer = await batch(client, each)
        assert answer.status_code == 201, answer.text
        ids = answer.json()["ids"]
        assert len(ids) == len(each)
        assert ids == sorted(ids)
        parcels = len(json.dumps(each)) // PARCEL_BYTES
        assert (await done_beside(client) >= parcels) is (processes > 0)
        for n in (0, 1, SOME - 1):
            log = (await client.get(f"/v1/logs/{ids[n]}")).json()
            assert log["source_ip"] == str(n)
            assert json.loads(log["request_body"])["card"] == {
                "number": MASK,
                "name": "N",
            }
        flooded = (await client.get(f"/v1/logs/{ids[SOME]}")).json()
        assert flooded["request_body_withheld_for"] == "work_limit"
        metrics = (await client.get("/metrics")).text
        assert (
            'apimonitor_withheld_total{reason="work_limit",what="body"} 1.0' in metrics
        )
        assert "apimonitor_ingest_ignored_fields_total 3.0" in metrics
        bad = [*rows(), *rows(2, status_code="none"), *rows()]
        refused = await batch(client, bad)
        assert refused.status_code == 422
        places = [error["loc"] for error in refused.json()["errors"]]
        assert places == [["body", n, "status_code"] for n in (SOME, SOME + 1)]
        assert (await client.get("/v1/logs")).json()["total"] == len(each)


async def test_what_no_helper_does_is_done_here(
    database_url: str, tmp_path: Path
) -> None:
    """Each is ended before it gives anything back."""
    given = {"HELPER_TIMEOUT_S": "0.001"}
    async with pushing(database_url, tmp_path, **given) as client:
        answer = await batch(client, rows())
        assert answer.status_code == 201, answer.text
        ids = answer.json()["ids"]
        assert ids == sorted(ids)
        assert (await client.get("/v1/logs")).json()["total"] == SOME
        assert await done_beside(client, "timed_out") >= 1


async def test_a_helper_that_is_killed_loses_and_doubles_nothing(
    database_url: str, tmp_path: Path
) -> None:
    async with pushing(database_url, tmp_path) as client:
        under_way = asyncio.create_task(batch(client, rows(9 * SOME)))
        killed = 0
        while not under_way.done():
            for pid in helpers():
                os.kill(pid, signal.SIGKILL)
                killed += 1
            await asyncio.sleep(0.05)
        answer = await under_way
        assert answer.status_code == 201, answer.text
        assert killed
        assert len(set(answer.json()["ids"])) == 9 * SOME
        assert (await client.get("/v1/logs")).json()["total"] == 9 * SOME


def helpers() -> list[int]:
    """Helper processes of this one."""
    own = f"/proc/self/task/{os.getpid()}/children"
    found = []
    for pid in Path(own).read_text().split():
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and b"monitor.offload.child" in command.read_bytes():
            found.append(int(pid))
    return found


def test_a_lease_has_ids_that_nobody_else_makes() -> None:
    ids = LogIds(bucket=11)
    moment = timestamp_of(ids.new())
    lists = [[ids.new()], [ids.at(moment)]]
    for count in (1, 500, 262_000, 7):
        lease = LeasedIds(ids.lease(count))
        lists[0] += [lease.new() for _ in range(count)]
        other = LeasedIds(ids.lease(count))
        lists[1] += [other.at(moment) for _ in range(count)]
        lists[0].append(ids.new())
        lists[1].append(ids.at(moment))
    for made in lists:
        assert made == sorted(set(made))
    assert {timestamp_of(id) for id in lists[1]} == {moment}
