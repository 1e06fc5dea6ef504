"""Whatever is left of the files in DATA_DIR, it starts, or says in a line why not."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from appliance.data.directory import DataDirectory, StartError
from appliance.data.files import Files
from monitor.access.ended_sessions import EndedSessions
from monitor.registry.routes_file import save
from monitor.registry.table import RoutingTable, Service
from monitor.settings import load
from monitor.spool.tallies import Tallies
from monitor.spool.tally import FINISHED, Tally
from monitor.spool.writer import Spool
from monitor.storage.ledger.dead_letters import DeadLetters
from tests.support.running import appliance_on, client_of

SERVICE = UUID(int=7)
WRITER = "0123456789abcdef"
NOBODY = 65534
LATER = 99_999_999_999

Damage = Callable[[Path], None]


def rewritten(change: Callable[[bytes], bytes]) -> Damage:
    def damage(file: Path) -> None:
        file.write_bytes(change(file.read_bytes() if file.exists() else b"left"))

    return damage


def directory(file: Path) -> None:
    file.unlink(missing_ok=True)
    (file / "of somebody").mkdir(parents=True)


def dangling(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to(file.parent / "nowhere" / "at all")


def pipe(file: Path) -> None:
    file.unlink(missing_ok=True)
    os.mkfifo(file)


def unreadable(file: Path) -> None:
    file.touch()
    file.chmod(0)


FLIPPED = bytes(byte ^ 0x41 for byte in range(256))
KINDS: dict[str, Damage] = {
    "empty": rewritten(lambda content: b""),
    "one byte": rewritten(lambda content: content[:1]),
    "cut": rewritten(lambda content: content[: len(content) * 2 // 3 + 1]),
    "zeros": rewritten(lambda content: bytes(len(content))),
    "random": rewritten(lambda content: os.urandom(len(content) | 1)),
    "flipped": rewritten(lambda content: content.translate(FLIPPED)),
    "of another version": rewritten(
        lambda content: content.replace(b" 1\n", b" 9\n", 1).replace(b" 2\n", b" 9\n")
    ),
    "longer": rewritten(lambda content: content + os.urandom(77)),
    "json": rewritten(lambda content: b'{"services": [{}], "counts": 7}'),
    "directory": directory,
    "dangling": dangling,
    "pipe": pipe,
    "unreadable": unreadable,
}
FILES = (
    "appliance.lock",
    "dead-letters.lock",
    "dead-letters.new",
    "dead-letters.retry",
    "dead-letters.seg",
    "ended-sessions",
    "ended-sessions.new",
    "installation",
    "installation.new",
    "routes.json",
    "routes.new",
    "secret.key",
    f"spool/{WRITER}-00000001.seg",
    f"spool/{WRITER}-00000002.new",
    "tally/base.json",
    "tally/base.new",
    f"tally/{WRITER}.new",
    f"tally/{WRITER}.tally",
    "tickets/0123",
)
# What somebody put there, or shut, and what must not be made anew behind their back.
REFUSED = {
    "directory": {"appliance.lock", "installation", "routes.json", "secret.key"},
    "dangling": {"appliance.lock"},
    "pipe": set(FILES),
    "unreadable": {
        "appliance.lock",
        "dead-letters.lock",
        "dead-letters.seg",
        "ended-sessions",
        "installation",
        "routes.json",
        "secret.key",
        f"spool/{WRITER}-00000001.seg",
        "tally/base.json",
    },
}


def make(data: Path) -> None:
    """What a killed appliance leaves."""
    opened(data)
    save(RoutingTable([service()], version=3), data / "routes.json")
    spool = Spool(data / "spool", limit_bytes=1 << 20)
    spool.writer = WRITER
    spool.append(b"a record", SERVICE)
    spool.close()
    tally = Tally(data / "tally", WRITER)
    tally.add(SERVICE, FINISHED, 5)
    tally.promise(SERVICE, (1, 60))
    tally.close()
    EndedSessions(data / "ended-sessions").add("nonce", LATER)
    letters = DeadLetters(data / "dead-letters.seg")
    for number in range(3):
        letters.append(UUID(int=number), SERVICE, "why", b"x" * 100)


def service() -> Service:
    return Service(id=SERVICE, name="Pay", slug="pay", base_url="http://127.0.0.1:1")


def opened(data: Path) -> None:
    """All files, as a start does. Raises StartError."""
    settings = load({"APIMONITOR_DATA_DIR": str(data)})
    directory = DataDirectory(data)
    directory.make()
    try:
        directory.take()
        with ExitStack() as closing:
            files = Files.opened(settings, directory, closing)
            # As the appliance does from then on.
            files.tallies.counts()
            files.dead_letters.counts()
            files.ended_sessions.add("another", LATER)
            files.dead_letters.append(UUID(int=9), SERVICE, "why", b"y")
            files.dead_letters.remove([UUID(int=9)])
            save(files.routes.table(), data / "routes.json")
    finally:
        directory.release()


@contextmanager
def an_ordinary_user(path: Path) -> Iterator[None]:
    """Root reads what is shut to others."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(path, NOBODY, NOBODY)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Those of pytest are for root only."""
    made = Path(tempfile.mkdtemp(prefix="apimonitor-test-"))
    yield made
    shutil.rmtree(made)


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_of_ours_may_be_damaged(
    reachable: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    refused = set()
    with an_ordinary_user(reachable):
        for number, name in enumerate(FILES):
            data = reachable / str(number)
            make(data)
            KINDS[kind](data / name)
            caplog.clear()
            try:
                opened(data)
            except StartError as error:
                refused.add(name)
                assert error.exit_code == 73
                assert Path(name).name in str(error)
                assert "\n" not in str(error)
            else:
                # What was put aside is said; the next start is one like any other.
                assert len(list(data.rglob("*.damaged*"))) == len(caplog.records)
                caplog.clear()
                opened(data)
                assert not caplog.records
    assert refused == REFUSED.get(kind, set())


@pytest.mark.parametrize("folder", ["spool", "tally", "tickets", "."])
@pytest.mark.parametrize("mode", [0o000, 0o500, 0o300])
def test_a_directory_that_cannot_be_used_refuses_the_start(
    reachable: Path, folder: str, mode: int
) -> None:
    with an_ordinary_user(reachable):
        data = reachable / "data"
        make(data)
        (data / folder).chmod(mode)
        try:
            with pytest.raises(StartError) as raised:
                opened(data)
        finally:
            (data / folder).chmod(0o700)
    assert raised.value.exit_code == 73
    assert "Permission denied" in str(raised.value)


def test_what_can_be_saved_of_damaged_files_is(tmp_path: Path) -> None:
    data = tmp_path / "data"
    make(data)
    letters = data / "dead-letters.seg"
    content = letters.read_bytes()
    letters.write_bytes(content[:200] + b"?" + content[201:])
    (data / "tally" / f"{'f' * 16}.tally").write_bytes(b"odd")
    opened(data)
    assert len(DeadLetters(letters).all()) == 2
    assert letters.with_name("dead-letters.seg.damaged").read_bytes() != content
    # The other tally is counted.
    counts = Tallies(data / "tally", spool=data / "spool").counts()
    assert counts[SERVICE, FINISHED] >= 5


@pytest.mark.parametrize("kind", ["empty", "random"])
async def test_all_of_them_damaged_at_once_is_a_start(
    database_url: str, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    make(data)
    for name in FILES:
        KINDS[kind](data / name)
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as client,
    ):
        assert (await client.get("/readyz")).status_code == 200
        metrics = (await client.get("/metrics")).text
    assert "apimonitor_damaged_files 0.0" not in metrics
    assert not [record for record in caplog.records if record.exc_info]
