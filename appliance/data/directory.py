"""Data directory: what it holds, and who uses it now."""

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.exit_codes import ExitCode
from monitor.files.made_once import made_once

NAME_BYTES = 6
NAME = re.compile(b"[0-9a-f]{%d}" % (2 * NAME_BYTES))


class StartError(Exception):
    """Why there is no start: one line for the user, and the exit code."""

    def __init__(self, message: str, *, exit_code: ExitCode) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class DataDirectory:
    """One appliance's files. Held by a lock that kill -9 releases too."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock = -1

    @property
    def spool(self) -> Path:
        return self.path / "spool"

    @property
    def tally(self) -> Path:
        return self.path / "tally"

    @property
    def routes(self) -> Path:
        return self.path / "routes.json"

    @property
    def dead_letters(self) -> Path:
        return self.path / "dead-letters.seg"

    @property
    def ended_sessions(self) -> Path:
        return self.path / "ended-sessions"

    @property
    def tickets(self) -> Path:
        return self.path / "tickets"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    def make(self) -> None:
        """Make it where it is missing, 0700; what is there stays."""
        with self.usable():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check(self.path)
            for folder in (self.spool, self.tally, self.tickets):
                folder.mkdir(mode=0o700, exist_ok=True)
                _check(folder)
            for folder in (self.path, self.spool, self.tally, self.tickets):
                _check_no_pipes(folder)
            self._lock = os.open(
                self.path / "appliance.lock", os.O_RDWR | os.O_CREAT, 0o600
            )

    def require(self) -> None:
        """Raises StartError where there is none: who looks for one makes none."""
        if not self.path.is_dir():
            raise StartError(
                f"there is no data directory {self.path}; set DATA_DIR to that of "
                "your appliance",
                exit_code=ExitCode.NO_INPUT,
            )

    @contextmanager
    def usable(self) -> Iterator[None]:
        """Raises StartError where the block meets a file it cannot use."""
        try:
            yield
        except OSError as error:
            name = Path(os.fsdecode(error.filename or self.path)).name
            at = "" if name == self.path.name else f"{name}: "
            raise StartError(
                f"DATA_DIR {self.path} cannot be used: {at}{error.strerror}",
                exit_code=ExitCode.CANNOT_CREATE,
            ) from None

    def take(self) -> None:
        """Take it for this process alone, until *release*."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"another appliance uses DATA_DIR {self.path}; "
                "stop it, or set another DATA_DIR",
                exit_code=ExitCode.TRY_AGAIN,
            ) from None

    def release(self) -> None:
        os.close(self._lock)

    def pseudonym(self) -> str:
        """A name for Via that is unique to this installation (RFC 9110 7.6.3)."""
        name = made_once(
            self.path / "installation",
            lambda: secrets.token_hex(NAME_BYTES).encode(),
            # Half a name could be another installation's.
            is_whole=lambda content: NAME.fullmatch(content.strip()) is not None,
            lost="the name: the ledger begins anew",
        )
        return f"apimonitor-{name.strip().decode()}"


def _check(folder: Path) -> None:
    """Raises OSError where it cannot be read or written: nothing would be recorded."""
    wanted = os.R_OK | os.W_OK | os.X_OK
    is_effective = os.access in os.supports_effective_ids
    if not os.access(folder, wanted, effective_ids=is_effective):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _check_no_pipes(folder: Path) -> None:
    """Raises OSError for one: who opens it waits for ever, and says nothing."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_pipe(entry):
                raise OSError(errno.ESPIPE, "it is a pipe, not a file", entry.path)


def _is_pipe(entry: os.DirEntry[str]) -> bool:
    try:
        is_other = not (entry.is_file() or entry.is_dir())
        return is_other and stat.S_ISFIFO(entry.stat().st_mode)
    except OSError:
        # It points nowhere, or in a circle: opening it fails at once.
        return False
