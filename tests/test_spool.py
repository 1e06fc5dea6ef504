"""What the spool promises: every record once, in order, whatever breaks."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.spool import MAGIC, Spool, SpoolFull, segments


def drained(directory: Path) -> list[bytes]:
    return [
        payload
        for segment in segments(directory)
        for payload, _ in segment.read(0, limit_bytes=1 << 40)
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
    spool = Spool(tmp_path, limit_bytes=200)
    spool.append(b"x" * 100)
    with pytest.raises(SpoolFull):
        spool.append(b"x" * 100)
    [segment] = segments(tmp_path)
    spool.released(segment.size())
    spool.append(b"y" * 100)
    assert drained(tmp_path) == [b"x" * 100, b"y" * 100]


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
    whole = os.write

    def half(file: int, content: bytes) -> int:
        return whole(file, content[: len(content) // 2])

    monkeypatch.setattr(os, "write", half)
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


def test_a_damaged_frame_ends_its_segment(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=1 << 30)
    for payload in (b"one", b"two", b"three"):
        spool.append(payload)
    spool.close()
    [segment] = segments(tmp_path)
    content = bytearray(segment.path.read_bytes())
    content[content.index(b"two")] ^= 1
    segment.path.write_bytes(content)
    assert drained(tmp_path) == [b"one"]


def test_reading_goes_on_from_a_position(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=1 << 30)
    for n in range(10):
        spool.append(b"%d" % n)
    [segment] = segments(tmp_path)
    first = segment.read(0, limit_bytes=30)
    assert 0 < len(first) < 10
    rest = segment.read(first[-1][1], limit_bytes=1 << 20)
    assert [p for p, _ in first + rest] == [b"%d" % n for n in range(10)]


def test_a_file_that_is_no_segment_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / ("0" * 16 + "-00000001.seg")
    path.write_bytes(MAGIC[:-3])
    assert drained(tmp_path) == []
