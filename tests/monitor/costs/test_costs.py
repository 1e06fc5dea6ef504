"""What the appliance takes on its disk, and when that is full at what comes in."""

import math
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.costs.growth import DAY, GrowthEnd, KeptFor, outlook, per_day
from monitor.costs.measures import Cost, Sizes
from monitor.files.disk import Disk, measure
from web.views.costs import ends

NOW = datetime(2026, 11, 27, 15, tzinfo=UTC)
PLENTY = 1_000_000


def written(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def test_the_parts_of_the_directory_are_what_its_files_hold(tmp_path: Path) -> None:
    data = tmp_path / "data"
    written(tmp_path / "elsewhere" / "large", 100_000)
    written(data / "spool" / "1.seg", 1_000)
    written(data / "postgres" / "pgdata" / "base" / "5" / "1", 20_000)
    written(data / "postgres" / "pgdata" / "pg_wal" / "0001", 3_000)
    written(data / "postgres" / "pgdata" / "pg_wal" / "archive_status" / "1", 300)
    written(data / "tally" / "spool", 40)
    written(data / "routes.json", 7)
    (data / "tickets").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(data / "pipe")
    link = (data / "tickets").lstat().st_size

    disk = measure(data, most_files=PLENTY)
    assert disk.is_whole
    assert disk.parts == {"spool": 1_000, "postgres": 23_300, "rest": 47 + link}
    assert (disk.wal, disk.total) == (3_300, 24_347 + link)
    room = os.statvfs(data)
    assert disk.size == room.f_blocks * room.f_frsize
    assert disk.free is not None
    assert 0 <= disk.free <= disk.size


def test_no_more_files_are_looked_at_than_may_be(tmp_path: Path) -> None:
    for n in range(30):
        written(tmp_path / "spool" / f"{n}", 10)
    # The folder is one of them.
    for most, seen in ((1, 0), (11, 10), (30, 29), (31, 30)):
        disk = measure(tmp_path, most_files=most)
        assert (disk.parts["spool"], disk.is_whole) == (10 * seen, most == 31)


def test_what_cannot_be_looked_at_is_no_failure(tmp_path: Path) -> None:
    gone = measure(tmp_path / "gone", most_files=PLENTY)
    assert (gone.total, gone.free, gone.size) == (0, None, None)
    written(tmp_path / "file", 3)
    assert not measure(tmp_path / "file", most_files=PLENTY).is_whole


def kept(came: int, *, held: int, days: int, over: timedelta = 2 * DAY) -> KeptFor:
    return KeptFor(came=came, held=held, days=days, since=NOW - over, until=NOW)


@pytest.mark.parametrize(
    ("free", "limit", "end", "days", "more"),
    [
        # Logs have room for 30 days of 100, bodies for 5 of 1,000.
        (PLENTY, None, GrowthEnd.RETENTION, 30, 3_000 + 5_000),
        (8_000, None, GrowthEnd.RETENTION, 30, 8_000),
        (7_999, None, GrowthEnd.DISK, 29.99, 7_999),
        (5_600, None, GrowthEnd.DISK, 6, 5_600),
        (2_200, None, GrowthEnd.DISK, 2, 2_200),
        (0, None, GrowthEnd.DISK, 0, 0),
        # 3,000 are held.
        (PLENTY, 5_200, GrowthEnd.RETENTION_BYTES, 2, 2_200),
        (1_100, 5_200, GrowthEnd.DISK, 1, 1_100),
        (PLENTY, 2_000, GrowthEnd.RETENTION_BYTES, 0, 0),
        (PLENTY, 11_000, GrowthEnd.RETENTION, 30, 8_000),
    ],
)
def test_growth_ends_at_what_comes_first(
    free: int, limit: int | None, end: GrowthEnd, days: float, more: float
) -> None:
    kinds = (kept(200, held=1_000, days=40), kept(2_000, held=2_000, days=7))
    assert per_day(kinds) == 1_100
    found = outlook(kinds, free=free, limit=limit)
    assert found is not None
    assert found.end is end
    assert found.days == pytest.approx(days)
    assert found.more == pytest.approx(more)


def test_growth_is_not_known_from_less_than_an_hour() -> None:
    logs = kept(100, held=100, days=30)
    short = kept(100, held=100, days=7, over=timedelta(minutes=59))
    for kinds in ((logs, short), ()):
        assert per_day(kinds) is None
        assert outlook(kinds, free=PLENTY, limit=None) is None
    nothing = kept(0, held=0, days=30)
    assert outlook((nothing, nothing), free=0, limit=None) is not None


def test_nothing_is_said_of_a_disk_that_is_not_known() -> None:
    disk = Disk(parts={"spool": 1}, wal=0, is_whole=True, free=4_400, size=9_000)
    sizes = Sizes(
        at=NOW,
        schema=1,
        database=2,
        wal=None,
        logs=kept(200, held=1_000, days=40),
        bodies=kept(2_000, held=2_000, days=7),
    )
    cost = Cost(is_embedded=True, disk=disk, sizes=sizes)
    assert cost.days_left == 4
    assert ends(cost) == "4.0 days until the disk is full at this growth"
    roomy = replace(cost, disk=replace(disk, free=PLENTY))
    assert roomy.days_left == math.inf
    assert ends(roomy).startswith("the disk is not filled at this growth: in 30 days,")
    for unknown in (
        replace(cost, disk=None),
        replace(cost, sizes=None),
        replace(cost, disk=replace(disk, free=None)),
        replace(cost, is_embedded=False),
    ):
        assert unknown.days_left is None
        assert "not known" in ends(unknown)
