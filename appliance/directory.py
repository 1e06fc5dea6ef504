"""What the data directory holds, and who uses it now."""

import fcntl
import os
import secrets
from pathlib import Path

# sysexits.h, as parts of the field use them.
CANNOT_CREATE = 73
TRY_AGAIN = 75


class StartError(Exception):
    """Why there is no start: one line for the user, and the exit code."""

    def __init__(self, message: str, *, exit_code: int) -> None:
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
    def routes(self) -> Path:
        return self.path / "routes.json"

    @property
    def dead_letters(self) -> Path:
        return self.path / "dead-letters.seg"

    @property
    def tickets(self) -> Path:
        return self.path / "tickets"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    def make(self) -> None:
        """Make it where it is missing, 0700; what is there stays."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.spool.mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(
                self.path / "appliance.lock", os.O_RDWR | os.O_CREAT, 0o600
            )
        except OSError as error:
            raise StartError(
                f"DATA_DIR {self.path} cannot be used: {error.strerror}",
                exit_code=CANNOT_CREATE,
            ) from None

    def take(self) -> None:
        """Take it for this process alone, until *release*."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"another appliance uses DATA_DIR {self.path}; "
                "stop it, or set another DATA_DIR",
                exit_code=TRY_AGAIN,
            ) from None

    def release(self) -> None:
        os.close(self._lock)

    def pseudonym(self) -> str:
        """A name for Via that is unique to this installation (RFC 9110 7.6.3)."""
        path = self.path / "installation"
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return f"apimonitor-{path.read_text().strip()}"
        with os.fdopen(file, "w") as content:
            content.write(secrets.token_hex(6))
        return f"apimonitor-{path.read_text().strip()}"
