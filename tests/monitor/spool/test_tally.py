"""What a process counted survives it, and is counted once."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from monitor.ledger.withheld import counting
from monitor.redaction.work import WITHHELD, Withheld
from monitor.spool.segments import NOBODY, segments
from monitor.spool.tallies import Tallies
from monitor.spool.tally import FINISHED, IN_FLIGHT, Tally, read
from monitor.spool.writer import Spool

SERVICE = UUID(int=7)

# A process that is killed within the n-th store of its counts, or write of its spool;
# or in the midst of one, of *size* bytes that it was to be.
KILLED = """
import os, signal, sys
from pathlib import Path
from monitor.spool.segments import NOBODY
from monitor.spool.writer import Spool
from monitor.spool.tally import Tally
from uuid import UUID

directory, last, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
spool = Spool(directory / "spool", limit_bytes=1 << 20)
tally = Tally(directory / "tally", spool.writer)
service, steps = UUID(int=7), 0

def step(*args):
    global steps
    steps += 1
    if steps == last:
        os.kill(os.getpid(), signal.SIGKILL)

class Counts:
    def __init__(self, counts):
        self.counts = counts
    def __getitem__(self, at):
        return self.counts[at]
    def __setitem__(self, at, value):
        step()
        self.counts[at] = value
        step()
    def release(self):
        self.counts.release()

tally._counts = Counts(tally._counts)
whole = os.writev
os.writev = lambda file, pieces: (
    os.write(file, b"".join(pieces)[:size]) and os.kill(os.getpid(), signal.SIGKILL)
    if last == 0 and steps > 16 else (step(), whole(file, pieces))[1]
)
for n in range(4):
    if n % 2:
        tally.dropped(service, "spool_full")
    else:
        # Three at once: frames of 86 bytes each.
        segment, end = spool.place(150, 3)
        tally.promise(service, (segment, end), n=3, begin=end - 258)
        spool.append_all([(50, [b"x" * 20, b"x" * 30])] * 3, service)
        tally.kept()
"""


def spooled(directory: Path) -> int:
    return sum(segment.content(0).labels[SERVICE] for segment in segments(directory))


@pytest.mark.parametrize(
    ("last", "size"),
    [*((last, 0) for last in range(3, 80, 3)), *((0, n) for n in (9, 86, 180, 257))],
)
def test_killed_at_any_step_its_counts_and_records_agree(
    tmp_path: Path, last: int, size: int
) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(last), str(size)]
    subprocess.run(command, check=False)
    counts = Tallies(tmp_path / "tally", spool=tmp_path / "spool").counts()
    ended = counts[SERVICE, FINISHED]
    dropped = counts[SERVICE, "dropped:spool_full"]
    assert ended == spooled(tmp_path / "spool") + dropped
    assert ended <= 8
    if not last:
        assert ended == 4 + size // 86
    again = Tallies(tmp_path / "tally", spool=tmp_path / "spool").counts()
    assert again == counts


def test_living_and_dead_are_summed(tmp_path: Path) -> None:
    tallies = Tallies(tmp_path, spool=tmp_path)
    one, other = Tally(tmp_path, "1" * 16), Tally(tmp_path, "2" * 16)
    for tally in (one, other):
        tally.dropped(SERVICE, "internal")
        tally.add(SERVICE, IN_FLIGHT)
    assert tallies.counts()[SERVICE, FINISHED] == 2
    assert tallies.counts()[SERVICE, IN_FLIGHT] == 2
    one.close()
    assert tallies.counts()[SERVICE, FINISHED] == 2
    # What was in flight there never ended.
    assert tallies.counts()[SERVICE, IN_FLIGHT] == 1
    assert [path.name for path in tmp_path.glob("*.tally")] == [f"{'2' * 16}.tally"]
    other.dropped(SERVICE, "internal")
    assert Tallies(tmp_path, spool=tmp_path).counts()[SERVICE, FINISHED] == 3
    other.close()


def test_a_tally_that_was_taken_over_and_is_still_there_counts_once(
    tmp_path: Path,
) -> None:
    tally = Tally(tmp_path, "1" * 16)
    tally.dropped(SERVICE, "internal")
    path = tmp_path / f"{'1' * 16}.tally"
    content = path.read_bytes()
    tally.close()
    Tallies(tmp_path, spool=tmp_path).settle()
    # As if it had crashed before removing it.
    path.write_bytes(content)
    for _ in range(2):
        assert Tallies(tmp_path, spool=tmp_path).counts()[SERVICE, FINISHED] == 1
    assert not path.exists()


def test_more_services_than_fit_at_first(tmp_path: Path) -> None:
    tally, services = Tally(tmp_path, "1" * 16), [uuid4() for _ in range(3000)]
    for service in services:
        tally.dropped(service, "internal")
    counts = read(tmp_path / f"{'1' * 16}.tally")
    assert all(counts[service, FINISHED] == 1 for service in services)
    tally.close()


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    Tally(tmp_path / "tally", "1" * 16).close()
    Tallies(tmp_path / "tally", spool=tmp_path).settle()
    assert (tmp_path / "tally").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "tally").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_sum_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / "base.json").write_bytes(b"{")
    assert Tallies(tmp_path, spool=tmp_path).counts() == {}
    assert (tmp_path / "base.damaged").read_bytes() == b"{"


def test_a_segment_that_was_recorded_and_removed_had_its_record(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path / "spool", limit_bytes=1 << 20)
    tally = Tally(tmp_path / "tally", spool.writer)
    tally.promise(SERVICE, spool.place(1))
    spool.append(b"x", SERVICE)
    spool.close()
    tally.close()
    [segment] = segments(tmp_path / "spool")
    os.unlink(segment.path)
    counts = Tallies(tmp_path / "tally", spool=tmp_path / "spool").counts()
    assert counts == {(SERVICE, FINISHED): 1}
    assert NOBODY not in {id for id, _ in counts}


def test_where_nothing_can_be_written_it_counts_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "tally").write_bytes(b"in the way")
    tally = Tally(tmp_path / "tally", "1" * 16)
    for _ in range(2000):
        tally.dropped(uuid4(), "internal")
    tally.dropped(SERVICE, "internal")
    tally.close()


def test_a_disk_that_has_no_room_for_more_cells_is_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally = Tally(tmp_path, "1" * 16)
    monkeypatch.setattr(os, "pwrite", lambda file, content, at: len(content) // 2)
    for _ in range(2000):
        tally.dropped(uuid4(), "internal")
    monkeypatch.undo()
    counts = read(tmp_path / f"{'1' * 16}.tally")
    assert counts[NOBODY, "unnamed"] > 1000
    tally.close()


def test_what_is_counted_as_withheld_is_read_again(tmp_path: Path) -> None:
    tally = Tally(tmp_path, "0" * 16)
    service = uuid4()
    count = counting(tally)
    for what in Withheld:
        count(what, 2)
    tally.add(service, FINISHED)
    found = read(tmp_path / f"{'0' * 16}.tally")
    tally.close()
    assert found[service, FINISHED] == 1
    assert [n for (_, word), n in found.items() if word.startswith(WITHHELD)] == [
        2 for _ in Withheld
    ]
