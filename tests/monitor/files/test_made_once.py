"""Many who find a file missing or damaged at once make one, and lose none."""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.data.directory import DataDirectory
from monitor.access.secret import load_secret
from monitor.files.damaged import make_way
from monitor.files.made_once import made_once
from monitor.settings import load

ROUNDS = 40
AT_ONCE = 8


@pytest.fixture(autouse=True)
def at_every_turn() -> Iterator[None]:
    """Threads meet between any two steps, and not only once in a thousand runs."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def missing(path: Path) -> None:
    """As at the first start."""


def cut(path: Path) -> None:
    path.write_bytes(b"0123")


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def secret(directory: Path) -> bytes:
    return load_secret(load({"APIMONITOR_DATA_DIR": str(directory)}))


def installation(directory: Path) -> bytes:
    return DataDirectory(directory).pseudonym().encode()


@pytest.mark.parametrize("left", [missing, cut, dangling])
@pytest.mark.parametrize(
    ("name", "ask"), [("secret.key", secret), ("installation", installation)]
)
def test_it_is_the_same_for_all(
    tmp_path: Path,
    left: Callable[[Path], None],
    name: str,
    ask: Callable[[Path], bytes],
) -> None:
    aside = 0 if left is missing else 1
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for number in range(ROUNDS):
            directory = tmp_path / str(number)
            directory.mkdir()
            left(directory / name)
            made = set(threads.map(ask, [directory] * 3 * AT_ONCE))
            assert made == {ask(directory)}
            assert (
                sorted(os.listdir(directory)) == [name, f"{name}.damaged"][: 1 + aside]
            )


def test_of_those_who_make_way_one_does_and_no_file_made_since_is_touched(
    tmp_path: Path,
) -> None:
    def opened(path: Path) -> bool:
        has_made_way = make_way(path)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return has_made_way

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for number in range(ROUNDS):
            lock = tmp_path / str(number) / "lock"
            lock.parent.mkdir()
            if number % 2:
                dangling(lock)
            asked = list(threads.map(opened, [lock] * 3 * AT_ONCE))
            assert sum(asked) == number % 2
            assert lock.is_file()
            assert len(os.listdir(lock.parent)) == 1 + number % 2


def test_what_is_left_of_one_who_was_killed_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "name"
    path.with_name("name.new").write_bytes(b"ha")
    made = made_once(path, lambda: secrets.token_bytes(8), is_whole=bool, lost="it")
    assert path.read_bytes() == made
    assert os.listdir(tmp_path) == ["name"]
    path.with_name("name.new").mkdir()
    path.unlink()
    made = made_once(path, lambda: b"again", is_whole=bool, lost="it")
    assert path.read_bytes() == made == b"again"
    assert sorted(os.listdir(tmp_path)) == ["name", "name.new.damaged"]
