"""Segments of the spool that were damaged: bounded by age and by size."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from appliance.background import tasks
from monitor.spool.damaged import kept, past_keeping
from tests.support.running import appliance_on, client_of

DAY_S = 86_400


def damaged(directory: Path, number: int, *, days: float, size: int = 100) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{0:08x}{0:08x}-{number:08d}.seg.damaged"
    path.write_bytes(b"x" * size)
    written_at = time.time() - days * DAY_S
    os.utime(path, (written_at, written_at))
    return path


def names(directory: Path, *, days: float, limit_bytes: int = 1 << 20) -> list[str]:
    since = time.time() - days * DAY_S
    found = past_keeping(directory, since=since, spool_limit_bytes=limit_bytes)
    return [one.path.name for one in found]


def test_the_old_ones_are_past_keeping(tmp_path: Path) -> None:
    old, new = damaged(tmp_path, 1, days=8), damaged(tmp_path, 2, days=6)
    (tmp_path / "note.damaged").write_bytes(b"")
    (tmp_path / f"{0:08x}{0:08x}-{3:08d}.seg").write_bytes(b"")
    assert [one.path for one in kept(tmp_path)] == [new, old]
    assert names(tmp_path, days=7) == [old.name]


def test_beyond_a_tenth_of_the_spool_the_oldest_are_past_keeping(
    tmp_path: Path,
) -> None:
    made = [damaged(tmp_path, n, days=n, size=400) for n in (1, 2, 3)]
    assert names(tmp_path, days=7, limit_bytes=8_000) == [made[2].name]
    # One is kept to be looked at, however large.
    found = names(tmp_path, days=7, limit_bytes=1_000)
    assert found == [made[1].name, made[2].name]


async def test_the_appliance_removes_them_counts_them_and_shows_what_is_left(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "ASIDE_POLL_S", 0.02)
    spool = tmp_path / "data" / "spool"
    old, new = damaged(spool, 1, days=3), damaged(spool, 2, days=1)
    days = {"BODY_RETENTION_DAYS": "2"}
    async with (
        appliance_on(database_url, tmp_path, **days) as appliance,
        client_of(appliance) as client,
    ):
        for _ in range(6_000):
            metrics = (await client.get("/metrics")).text
            if "apimonitor_damaged_segments_removed_total 1.0" in metrics:
                break
            await asyncio.sleep(0.01)
        assert "apimonitor_damaged_segments_removed_total 1.0" in metrics
        assert "apimonitor_damaged_bytes 100.0" in metrics
    assert not old.exists()
    assert new.exists()
