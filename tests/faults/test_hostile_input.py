"""Whatever strangers send at whatever door, a quiet service does not notice.

What is asserted are counts: that the limits were reached and named, and that nothing of
the quiet service was lost. How long it took depends on the machine, and is printed.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from bench.hostile_traffic import Hostile, Quiet, Upstream
from tests.support.patience import PATIENCE_S
from tests.support.serving import Served, served

# Refusals that name what was too much, of those that all of the generators reach.
NAMED = (
    "JSON_LIMIT_VALUES",
    "HEAD_LIMIT_FIELDS",
    "HEAD_LIMIT_BYTES",
    "ALERT_RULES_LIMIT",
    "nested deeper",
)


@pytest.mark.timeout(600)
async def test_a_quiet_service_is_served_beside_hostile_ones(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    upstream = Upstream()
    async with (
        upstream.serving() as port,
        served(tmp_path / "data", INGEST_TIMEOUT_S="60") as appliance,
        aiohttp.ClientSession() as session,
    ):
        app = f"http://127.0.0.1:{appliance.port}"
        hostile = Hostile(app, appliance.proxy_port, upstream, session)
        await hostile.register(port)
        is_over = asyncio.Event()
        measuring = asyncio.create_task(hostile.quiet(is_over))
        made = {name: await door() for name, door in hostile.doors().items()}
        is_over.set()
        quiet = await measuring
        await expect(appliance, hostile, quiet)
        metrics = await metrics_of(session, app)
    for name, count in made.items():
        record_property(name, count)
    longest = [line for line in metrics.splitlines() if "longest_turn" in line]
    p99_ms = quiet.percentile_ms(0.99)
    record_property("quiet p99 ms", round(p99_ms, 1))
    print(f"quiet: {len(quiet.taken_ms)} requests, p99 {p99_ms:.1f} ms")
    print(f"statuses of the hostile ones: {dict(hostile.statuses)}")
    print(*longest, sep="\n")
    withheld = [
        line
        for line in metrics.splitlines()
        if line.startswith("apimonitor_withheld_total") and not line.endswith(" 0.0")
    ]
    assert withheld, "no body reached the limit of masking"


async def expect(appliance: Served, hostile: Hostile, quiet: Quiet) -> None:
    assert set(quiet.statuses) == {200}
    assert 500 not in hostile.statuses
    said = "\n".join(hostile.refusals)
    assert [name for name in NAMED if name not in said] == []
    async with asyncio.timeout(2 * PATIENCE_S):
        while True:
            ledger = await appliance.call("/v1/ledger")
            if not (ledger["spooled"] or ledger["in_flight"]):
                break
            await asyncio.sleep(0.1)
    assert (ledger["is_closed"], ledger["difference"]) == (True, 0), str(ledger)
    services = (await appliance.call("/v1/services"))["items"]
    id = next(each["id"] for each in services if each["name"] == "quiet")
    line = next(each for each in ledger["services"] if each["service_id"] == id)
    assert line["finished"] == line["stored"] == quiet.statuses.total()


async def metrics_of(session: aiohttp.ClientSession, app: str) -> str:
    async with session.get(f"{app}/metrics") as answer:
        return await answer.text()
