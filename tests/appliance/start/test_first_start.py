"""What a newcomer meets: a start that complains of nothing, and lines to try."""

import asyncio
import json
import logging
import math
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from appliance.data import embedded
from appliance.start.running import running
from monitor.settings import load
from tests.support.patience import PATIENCE_S
from tests.support.running import client_at
from tests.support.serving import Served, served


async def test_a_first_start_complains_of_nothing_and_its_lines_work_as_they_stand(
    tmp_path: Path,
) -> None:
    async with served(tmp_path / "data") as appliance:
        lines = to_try(appliance)
        with shells_ended() as begun:
            # The second finds the service and its upstream there.
            for shell in ("sh", "bash"):
                check(await pasted(shell, lines, begun))
        services = await appliance.call("/v1/services")
        logs = await appliance.call("/v1/logs")
        costs = await known_costs(appliance)
        assert await appliance.stop() == 0
    assert costs["wal_bytes"] >= 1 << 20
    assert costs['data_bytes{part="postgres"}'] > (
        costs["wal_bytes"] + costs["database_bytes"]
    )
    assert costs["disk_size_bytes"] > costs["disk_free_bytes"] > 0
    assert math.isnan(costs["disk_days_left"])
    assert services["total"] == 1
    assert not services["items"][0]["base_url"].endswith(f":{appliance.port}")
    assert logs["total"] == 2
    said = [json.loads(line) for line in appliance.said.read_text().splitlines()]
    # Where others keep the machine busy, a turn of the loop may be long.
    said = [line for line in said if line["logger"] != "monitor.loop.watch"]
    assert {line["level"] for line in said} == {"info"}, said


async def known_costs(appliance: Served) -> dict[str, float]:
    """What /metrics says it costs, once PostgreSQL was measured."""
    costs: dict[str, float] = {"schema_bytes": math.nan}
    async with asyncio.timeout(PATIENCE_S):
        while math.isnan(costs["schema_bytes"]):
            await asyncio.sleep(0.1)
            async with client_at(f"http://127.0.0.1:{appliance.port}") as client:
                lines = (await client.get("/metrics")).text.splitlines()
            said = (line.rsplit(" ", 1) for line in lines if line[0] != "#")
            costs = {
                name.removeprefix("apimonitor_"): float(value) for name, value in said
            }
    return costs


def to_try(appliance: Served) -> str:
    lines = appliance.printed.split("Try:\n")[1]
    assert lines.count("\n") == 3
    return lines


@contextmanager
def shells_ended() -> Iterator[list[int]]:
    """With what they left in the background: an upstream."""
    begun: list[int] = []
    yield begun
    for pid in begun:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)


async def pasted(shell: str, lines: str, begun: list[int]) -> str:
    """What a shell prints that is given *lines* at once."""
    process = await asyncio.create_subprocess_exec(
        shell,
        env={"PATH": os.environ["PATH"]},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    begun.append(process.pid)
    printed, _ = await process.communicate(lines.encode())
    assert process.returncode == 0
    return printed.decode()


def check(printed: str) -> None:
    """The upstream's answer, then the list with that exchange."""
    head, _, listed = printed.replace("\r", "").rpartition("\n")
    assert head.startswith("HTTP/1.1 200 OK\n"), printed
    (log,) = json.loads(listed)["items"]
    assert f"X-Monitor-Log-Id: {log['id']}\n" in head
    assert (log["path"], log["status_code"]) == ("/", 200)


async def test_a_postgresql_that_takes_long_to_start_is_not_said_to_be_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embedded, "FIRST_S", 0.0)
    given = {"PORT": "0", "PROXY_PORT": "0", "DATA_DIR": str(tmp_path / "data")}
    caplog.set_level(logging.INFO)
    async with running(load(given)) as appliance:
        assert appliance.state.is_ready
    said = [one for one in caplog.records if one.name != "monitor.loop.watch"]
    assert {one.levelname for one in said} == {"INFO"}, caplog.text
