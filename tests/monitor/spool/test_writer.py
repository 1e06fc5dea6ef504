"""What the spool promises: every record once, in order, whatever breaks."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.spool.segments import FRAME, MAGIC, MARK, Segment, held_bytes, segments
from monitor.spool.writer import Spool, SpoolFull, Step
from tests.support.patience import PATIENCE_S


def drained(directory: Path) -> list[bytes]:
    return [
        frame.payload
        for segment in segments(directory)
        for frame in segment.read(0, limit_bytes=1 << 40)
    ]


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=1 << 30, segment_bytes=100)
    payloads = [b"x" * n for n in range(50)]
    for payload in payloads:
        spool.append(payload)
    spool.close()
    assert drained(tmp_path) == payloads
    assert len(segments(tmp_path)) > 1


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    Spool(tmp_path / "spool", limit_bytes=1 << 30).append(b"secret")
    [segment] = segments(tmp_path / "spool")
    assert segment.path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700


def test_a_segment_in_use_is_not_finished_until_its_writer_leaves(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path, limit_bytes=1 << 30)
    spool.append(b"one")
    [segment] = segments(tmp_path)
    assert not segment.is_finished()
    spool.close()
    assert segment.is_finished()


def test_the_limit_refuses_and_release_makes_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=400, segment_bytes=170)
    spool.append(b"x" * 100)
    spool.append(b"y" * 100)
    with pytest.raises(SpoolFull):
        spool.append(b"z" * 100)
    assert drained(tmp_path) == [b"x" * 100, b"y" * 100]
    segments(tmp_path)[0].path.unlink()
    spool.released()
    spool.append(b"z" * 100)
    assert drained(tmp_path) == [b"y" * 100, b"z" * 100]


def test_a_start_counts_what_the_last_one_left(tmp_path: Path) -> None:
    first = Spool(tmp_path, limit_bytes=1 << 30)
    first.append(b"x" * 100)
    first.close()
    assert Spool(tmp_path, limit_bytes=1 << 30).held_bytes == first.held_bytes > 100


def test_a_refused_write_leaves_no_torn_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, limit_bytes=1 << 30)
    spool.append(b"before")

    def half(file: int, pieces: list[bytes]) -> int:
        content = b"".join(pieces)
        return os.write(file, content[: len(content) // 2])

    monkeypatch.setattr(os, "writev", half)
    with pytest.raises(OSError, match="part of a record"):
        spool.append(b"torn" * 10)
    monkeypatch.undo()
    spool.append(b"after")
    spool.close()
    assert drained(tmp_path) == [b"before", b"after"]


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    payloads=st.lists(st.binary(max_size=40), max_size=12),
    cut=st.integers(min_value=0, max_value=600),
)
def test_a_crash_at_any_byte_loses_no_whole_record(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], cut: int
) -> None:
    directory = tmp_path_factory.mktemp("spool")
    spool = Spool(directory, limit_bytes=1 << 30)
    ends = []
    for payload in payloads:
        spool.append(payload)
        ends.append(spool.held_bytes)
    spool.close()
    for segment in segments(directory):
        os.truncate(segment.path, min(cut, segment.size()))
    survived = [p for p, end in zip(payloads, ends, strict=True) if end <= cut]
    assert drained(directory) == survived


def damaged(directory: Path, what: bytes) -> Segment:
    """The only segment, with a bit of *what* turned."""
    [segment] = segments(directory)
    content = bytearray(segment.path.read_bytes())
    content[content.index(what)] ^= 1
    segment.path.write_bytes(content)
    return segment


def test_a_damaged_record_hides_no_later_one(tmp_path: Path) -> None:
    spool, label = Spool(tmp_path, limit_bytes=1 << 30), uuid4()
    for payload in (b"one", b"two", b"three"):
        spool.append(payload, label)
    spool.close()
    segment = damaged(tmp_path, b"two")
    assert drained(tmp_path) == [b"one"]
    one, three = segment.read(0, limit_bytes=1 << 20, over_damage=True)
    assert (one.payload, three.payload) == (b"one", b"three")
    assert three.damage is not None
    assert three.damage.label == label
    assert three.damage.size == FRAME.size + len(b"two")


def test_a_damaged_head_hides_no_later_record(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=1 << 30)
    for payload in (b"one", MARK * 5, b"three"):
        spool.append(payload)
    spool.close()
    segment = damaged(tmp_path, MARK)
    found = segment.read(0, limit_bytes=1 << 20, over_damage=True)
    assert [frame.payload for frame in found] == [MARK * 5, b"three"]
    assert found[0].damage is not None
    assert found[0].damage.label is None


def test_what_a_segment_holds_is_told_without_reading_it(tmp_path: Path) -> None:
    spool, one, two = Spool(tmp_path, limit_bytes=1 << 30), uuid4(), uuid4()
    for label in (one, two, one):
        spool.append(b"x" * 1000, label)
    [segment] = segments(tmp_path)
    first = segment.read(0, limit_bytes=1)
    assert segment.content(0).labels == {one: 2, two: 1}
    assert segment.content(first[-1].end).labels == {one: 1, two: 1}
    assert segment.content(0).end == segment.size()


def test_reading_goes_on_from_a_position(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=1 << 30)
    for n in range(10):
        spool.append(b"%d" % n)
    [segment] = segments(tmp_path)
    first = segment.read(0, limit_bytes=100)
    assert 0 < len(first) < 10
    rest = segment.read(first[-1].end, limit_bytes=1 << 20)
    assert [frame.payload for frame in first + rest] == [b"%d" % n for n in range(10)]


def test_a_file_that_is_no_segment_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / ("0" * 16 + "-00000001.seg")
    path.write_bytes(MAGIC[:-3])
    assert drained(tmp_path) == []


class Writers:
    """A spool that crashes, starts again, and is drained, in any order.

    *kept*: what must be read, in the order of its writing.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.positions: dict[str, int] = {}
        self.kept: list[bytes] = []
        self.read: list[bytes] = []
        self.number = 0
        self.start()

    def start(self) -> None:
        self.spool = Spool(self.directory, limit_bytes=1 << 20, segment_bytes=300)
        # Names carry a second: writers of a test begin within one.
        self.number += 1
        self.spool.writer = f"{self.number:016x}"

    def append(self, size: int) -> None:
        payload = b"%d:" % len(self.kept) + MARK * size
        self.spool.append(payload)
        self.kept.append(payload)

    def crash(self, torn: int) -> None:
        """Killed within its last write, of which *torn* bytes are missing."""
        last = segments(self.directory)[-1:] if self.spool._file >= 0 else []
        self.spool.close()
        for segment in last:
            size = segment.size()
            frames = segment.read(0, limit_bytes=1 << 20)
            if frames and torn and frames[-1].end > self.positions.get(segment.name, 0):
                lost = min(torn, FRAME.size + len(frames[-1].payload))
                os.truncate(segment.path, size - lost)
                self.kept.remove(frames[-1].payload)
        self.start()

    def drain(self, limit_bytes: int) -> None:
        """As the recorder does: a batch of each, finished ones removed."""
        for segment in segments(self.directory):
            is_finished = segment.is_finished()
            position = self.positions.get(segment.name, 0)
            frames = segment.read(
                position, limit_bytes=limit_bytes, over_damage=is_finished
            )
            self.read += [frame.payload for frame in frames]
            if frames:
                self.positions[segment.name] = frames[-1].end
                return
            if is_finished:
                segment.path.unlink()
                self.spool.released()


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(0, 60)),
            st.tuples(st.just("crash"), st.integers(0, 200)),
            st.tuples(st.just("drain"), st.integers(1, 500)),
        ),
        max_size=40,
    )
)
def test_appends_crashes_restarts_and_drains_give_each_record_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    writers = Writers(tmp_path_factory.mktemp("spool"))
    for step, number in steps:
        getattr(writers, step)(number)
    writers.spool.close()
    for _ in range(200):
        writers.drain(1 << 20)
    assert writers.read == writers.kept
    assert segments(writers.directory) == []
    assert held_bytes(writers.directory) == 0


def test_the_ladder_is_climbed_as_it_fills_and_left_as_it_empties(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path, limit_bytes=1 << 20)
    seen = []
    with pytest.raises(SpoolFull):
        for _ in range(100):
            seen.append(spool.step)
            spool.append(b"x" * 30_000)
    assert seen == sorted(seen)
    assert set(seen) == {Step.ALL, Step.SHED_SUCCESSFUL, Step.SHED_ALL}
    assert held_bytes(tmp_path) <= 1 << 20
    share = seen.count(Step.ALL) / len(seen)
    assert 0.55 < share < 0.65
    for segment in segments(tmp_path)[:20]:
        segment.path.unlink()
    spool.released()
    assert spool.step is Step.ALL
    spool.append(b"x" * 30_000)


def test_a_step_is_left_only_with_room_to_spare(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=1 << 20)
    while spool.step is not Step.SHED_ALL:
        spool.append(b"x" * 30_000)
    changes, before = 0, spool.step
    for number in range(60):
        # A segment goes, and comes: about the threshold.
        if number % 2:
            segments(tmp_path)[0].path.unlink()
            spool.released()
        else:
            spool.append(b"x" * 30_000)
        changes += spool.step is not before
        before = spool.step
    assert changes == 0
    steps = []
    for segment in segments(tmp_path):
        steps.append(spool.step)
        segment.path.unlink()
        spool.released()
    assert steps == sorted(steps, reverse=True)
    assert set(steps) == {Step.SHED_ALL, Step.SHED_SUCCESSFUL, Step.ALL}
    # The same on the way up as at the start.
    while spool.step < Step.SHED_SUCCESSFUL:
        spool.append(b"x" * 30_000)
    assert 0.58 < held_bytes(tmp_path) / (1 << 20) < 0.65


FILL = """
import sys
from pathlib import Path
from monitor.spool.writer import Spool, SpoolFull
spool = Spool(Path(sys.argv[1]), limit_bytes=1 << 20)
written = 0
print("ready", flush=True)
sys.stdin.readline()
try:
    while True:
        spool.append(b"%d " % written + b"x" * int(sys.argv[2]))
        written += 1
except SpoolFull:
    print(written, flush=True)
sys.stdin.readline()
"""


def test_writers_in_several_processes_keep_the_bound_together(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FILL, str(tmp_path), size],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for size in ("100", "3000", "20000")
    ]
    written = 0
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout is not None
        written += int(process.stdout.readline())
    assert 900_000 < held_bytes(tmp_path) <= 1 << 20
    assert len(drained(tmp_path)) == written
    for process in processes:
        process.communicate("\n", timeout=PATIENCE_S)


def test_a_writer_that_does_not_get_its_turn_keeps_well_below_the_bound(
    tmp_path: Path,
) -> None:
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    spool = Spool(tmp_path, limit_bytes=1 << 20)
    with pytest.raises(SpoolFull):
        while True:
            spool.append(b"x" * 10_000)
    kept = held_bytes(tmp_path)
    assert 700_000 < kept <= (1 << 20) - 8 * 16_384
    os.close(holder)
    spool.released()
    with pytest.raises(SpoolFull):
        while True:
            spool.append(b"x" * 10_000)
    assert kept < held_bytes(tmp_path) <= 1 << 20


def test_a_full_disk_leaves_no_empty_segments(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=1 << 30)
    whole = os.writev

    def refuse(file: int, pieces: list[bytes]) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    try:
        os.writev = refuse  # type: ignore[assignment]
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                spool.append(b"x")
    finally:
        os.writev = whole
    assert segments(tmp_path) == []
    spool.append(b"y")
    assert drained(tmp_path) == [b"y"]
