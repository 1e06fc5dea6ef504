"""Files of one PostgreSQL of ours: what lies in its directory, and beside it."""

import hashlib
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from monitor.storage.server.account import owners
from monitor.storage.server.programs import UnusableServerError

# sun_path holds 107 bytes, and the socket's own name takes 14.
MAX_SOCKET_DIRECTORY_LENGTH = 90


@dataclass(frozen=True, slots=True)
class ServerFiles:
    directory: Path

    @property
    def data(self) -> Path:
        return self.directory / "pgdata"

    @property
    def fifo(self) -> Path:
        return self.directory / "users.fifo"

    @property
    def log(self) -> Path:
        return self.directory / "postgres.log"

    @property
    def sockets(self) -> Path:
        beside = self.directory / "run"
        if len(str(beside)) <= MAX_SOCKET_DIRECTORY_LENGTH:
            return beside
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"apimonitor-{digest}"

    @property
    def socket(self) -> Path:
        return self.sockets / ".s.PGSQL.5432"

    @property
    def users_lock(self) -> Path:
        return self.directory / "users.lock"

    @property
    def owner_lock(self) -> Path:
        return self.directory / "owner.lock"

    def make_directories(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        # It may lie in a temporary directory, where anybody could have made it.
        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners():
            raise UnusableServerError(f"{self.sockets} belongs to somebody else")
