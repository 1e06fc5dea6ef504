"""postmaster.pid: whether it is of a PostgreSQL that lives, or of nobody any more."""

import os
import re
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
NAME = "postgres"
# Its lines: pid, data directory, start, port, directory of the socket, …
PORT, SOCKETS = 3, 4
MAX_BYTES = 64 * 1024
ASK_TIMEOUT_S = 5.0
GONE = "ZXx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What the system says of one. *directory*: where it stands, where that is told."""

    state: str
    uid: int
    name: str
    command: str
    directory: os.stat_result | None = None
    is_thread: bool = False


def living(data: Path) -> int | None:
    """The pid of the PostgreSQL that runs on *data*, by the file it keeps there.

    A pid may be a zombie's or somebody else's by now: another program's, another
    user's, a thread's, our own, that of a postgres on another directory. Only a live
    postgres of the directory's owner counts (it starts for nobody else), and only on
    this very directory.
    """
    lines = _read(data / "postmaster.pid").split("\n")
    # That of a single-user postgres is negative.
    found = re.fullmatch(r"\s*-?([0-9]{1,10})\s*", lines[0])
    pid = int(found[1]) if found else 0
    return pid if pid and _runs_on(data, lines, pid) else None


def _runs_on(data: Path, lines: Sequence[str], pid: int) -> bool:
    try:
        process = _process(pid)
    except OSError:
        # Nobody can be asked.
        return _is_answered(lines, pid)
    if process is None or process.is_thread or process.state[:1] in GONE:
        return False
    if process.name != NAME or process.uid != data.stat().st_uid:
        return False
    if process.directory is not None:
        return os.path.samestat(process.directory, data.stat())
    return _is_named(data, process.command) or _is_answered(lines, pid)


def _read(file: Path) -> str:
    """What it holds; nothing where it is no file that can be read."""
    try:
        # A FIFO in its place must not be waited for.
        opened = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        return os.read(opened, MAX_BYTES).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(opened)


def _process(pid: int) -> Process | None:
    """None where there is none. Raises OSError where there are neither /proc nor ps."""
    if (PROC / "self").exists():
        return _from_proc(PROC / str(pid), pid)
    return _from_ps(pid)


def _from_proc(entry: Path, pid: int) -> Process | None:
    try:
        status = (entry / "status").read_text(errors="replace")
        command = (entry / "cmdline").read_text(errors="replace")
    except OSError:
        return None
    fields = dict(re.findall(r"^(\w+):[ \t]*(.*)$", status, re.MULTILINE))
    return Process(
        state=fields.get("State", ""),
        # The effective one: what files it makes belong to.
        uid=int(fields["Uid"].split()[1]),
        name=fields.get("Name", ""),
        command=command,
        directory=_stands_in(entry),
        is_thread=fields.get("Tgid") != str(pid),
    )


def _stands_in(entry: Path) -> os.stat_result | None:
    """A postgres stays in its data directory; not everybody may see where one is."""
    try:
        return (entry / "cwd").stat()
    except OSError:
        return None


def _from_ps(pid: int) -> Process | None:
    """Where there is no /proc: macOS, the BSDs."""
    asked = ["ps", "-ww", "-p", str(pid), "-o", "stat=", "-o", "uid=", "-o", "command="]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    words = said.stdout.split(None, 2)
    if len(words) < 3 or not words[1].isdecimal():
        return None
    state, uid, command = words
    name = os.path.basename(command.split()[0])
    return Process(state=state, uid=int(uid), name=name, command=command)


def _is_named(data: Path, command: str) -> bool:
    """Whether the command line has *data* as a word: `-D data`, or `-Ddata`."""
    return bool(re.search(rf"[\0 =D]{re.escape(str(data))}/?(?:[\0 ]|$)", command))


def _is_answered(lines: Sequence[str], pid: int) -> bool:
    """Whether process *pid* listens on the socket that the file names."""
    if len(lines) <= SOCKETS or not lines[SOCKETS].strip():
        return False
    address = f"{lines[SOCKETS].strip()}/.s.PGSQL.{lines[PORT].strip()}"
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(ASK_TIMEOUT_S)
        try:
            asking.connect(address)
            return _peer(asking) == pid
        except (OSError, ValueError):
            return False


def _peer(connected: socket.socket) -> int:
    if hasattr(socket, "SO_PEERCRED"):
        said = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int.from_bytes(said[:4], "little")
    # SOL_LOCAL, LOCAL_PEERPID of macOS' sys/un.h.
    return connected.getsockopt(0, 2)
