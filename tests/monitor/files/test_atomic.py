"""A file that is replaced as a whole."""

import os
from pathlib import Path

import pytest

from monitor.files.atomic import replace


def test_it_is_the_old_one_or_the_new_one_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "routes.json"
    replace(path, b"old")
    with path.open("rb") as reader:
        replace(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["routes.json"]


def test_what_lies_in_its_way_is_not_written_through(tmp_path: Path) -> None:
    path, others = tmp_path / "routes.json", tmp_path / "others"
    others.write_bytes(b"theirs")
    (tmp_path / "routes.new").symlink_to(others)
    replace(path, b"ours")
    assert (path.read_bytes(), others.read_bytes()) == (b"ours", b"theirs")
    assert not path.is_symlink()


def test_one_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "routes.json"
    replace(path, b"old")
    (tmp_path / "gone").mkdir()
    with pytest.raises(OSError):
        replace(tmp_path / "gone" / "deeper" / "routes.json", b"new")
    assert path.read_bytes() == b"old"
