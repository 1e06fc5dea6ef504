"""How the proxy knows that a request is a replay, and of which log."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

# Never forwarded, like all that begins so.
HEADER = "X-Monitor-Replay"


@dataclass(slots=True)
class Ticket:
    """*log_id* is set by the proxy, once the request has come there."""

    replay_of: UUID
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    log_id: UUID | None = None


class Tickets:
    """A token is good once; one that nobody issued is ignored."""

    def __init__(self) -> None:
        self._open: dict[str, Ticket] = {}

    @contextmanager
    def issued(self, replay_of: UUID) -> Iterator[Ticket]:
        """A ticket that can be claimed for the length of the block."""
        ticket = Ticket(replay_of)
        self._open[ticket.token] = ticket
        try:
            yield ticket
        finally:
            self._open.pop(ticket.token, None)

    def claim(self, token: str, log_id: UUID) -> UUID | None:
        """The log that is replayed as *log_id*; None where the token is not good."""
        ticket = self._open.pop(token, None)
        if ticket is None:
            return None
        ticket.log_id = log_id
        return ticket.replay_of
