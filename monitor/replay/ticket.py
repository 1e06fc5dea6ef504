"""Tickets, by which a proxy knows that a request is a replay, and of which log."""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

# Never forwarded, like all that begins so.
HEADER = "X-Monitor-Replay"
# What a request from scratch is a replay of.
NO_LOG = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Ticket:
    """*path* is the open ticket; what the proxy makes of it is beside it."""

    token: str
    path: Path

    @property
    def log_id(self) -> UUID | None:
        """What the replay's log is called; None until the proxy has taken it."""
        claimed = list(self.path.parent.glob(f"{self.path.name}.*"))
        return UUID(claimed[0].suffix[1:]) if claimed else None


class Tickets:
    """A token is good once; one that nobody issued is ignored.

    Each open one is an empty file, so that whichever process serves the proxy can take
    it, and only one can. Its name is the token's digest: the file is no secret.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def prepare(self) -> None:
        """Before the first one: what an earlier process left is good no more."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        for left in self._directory.iterdir():
            # A directory is none of ours, and no token leads to it.
            if left.is_symlink() or not left.is_dir():
                left.unlink()

    @contextmanager
    def issued(self, replay_of: UUID) -> Iterator[Ticket]:
        """A ticket that can be claimed for the length of the block.

        Raises OSError where the directory takes no file.
        """
        token = f"{replay_of}.{secrets.token_urlsafe(32)}"
        ticket = Ticket(token, self._path(token))
        ticket.path.touch(mode=0o600, exist_ok=False)
        try:
            yield ticket
        finally:
            for left in (ticket.path, *self._directory.glob(f"{ticket.path.name}.*")):
                left.unlink(missing_ok=True)

    def claim(self, token: str, log_id: UUID) -> UUID | None:
        """The log that is replayed as *log_id*; None where the token is not good."""
        path = self._path(token)
        try:
            path.rename(path.with_name(f"{path.name}.{log_id}"))
        except OSError:
            return None
        return UUID(token.partition(".")[0])

    def _path(self, token: str) -> Path:
        name = token.encode("utf-8", "surrogatepass")
        return self._directory / hashlib.sha256(name).hexdigest()
