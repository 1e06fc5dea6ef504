"""Exchanges that are still open, as far as they came; and how a worker tells main."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from monitor.record.codec import decode, encode
from monitor.traffic.exchange import Exchange


class Phase(StrEnum):
    """How far an exchange came.

    CONNECTING: there is no connection to the upstream yet. SENDING: the request is
    being sent. WAITING: all of it was, and no answer came. ANSWERING: the answer's body
    is passing. LASTING: a tunnel or an event stream, which lasts as long as both sides
    want.
    """

    CONNECTING = "connecting"
    SENDING = "sending"
    WAITING = "waiting"
    ANSWERING = "answering"
    LASTING = "lasting"


PHASES: Final = [*Phase]
# How many there are; then of each its phase and how long its record is.
TOTAL: Final = struct.Struct("!I")
EACH: Final = struct.Struct("!BI")


@dataclass(frozen=True, slots=True)
class OpenExchange:
    """*so_far*: masked, and without its bodies."""

    so_far: Exchange
    phase: Phase

    @property
    def age_ms(self) -> float | None:
        """The latency of one that lasts is that of its head."""
        return self.so_far.duration_ms or self.so_far.latency_ms


@dataclass(frozen=True, slots=True)
class OpenExchanges:
    """Some of them, in order, and how many there are.

    *is_complete*: all processes of the proxy said theirs.
    """

    found: Sequence[OpenExchange]
    total: int
    is_complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWish:
    """Which of them: all, those of *service_id*, or that of *id*, with its messages.

    The *limit* oldest, or newest.
    """

    limit: int
    service_id: UUID | None = None
    id: UUID | None = None
    newest_first: bool = False

    def written(self) -> bytes:
        """In a form that *read_wish* takes."""
        ids = " ".join([str(id or "-") for id in (self.service_id, self.id)])
        return f"{self.limit} {int(self.newest_first)} {ids}".encode()


def read_wish(written: bytes) -> OpenWish:
    limit, newest_first, service_id, id = written.decode().split(" ")
    return OpenWish(
        limit=int(limit),
        newest_first=newest_first == "1",
        service_id=None if service_id == "-" else UUID(service_id),
        id=None if id == "-" else UUID(id),
    )


def packed(exchanges: OpenExchanges) -> bytes:
    parts = [TOTAL.pack(exchanges.total)]
    for one in exchanges.found:
        record = encode(one.so_far)
        parts += [EACH.pack(PHASES.index(one.phase), len(record)), record]
    return b"".join(parts)


def unpacked(content: bytes) -> OpenExchanges:
    """Raises ValueError for what *packed* did not write."""
    found: list[OpenExchange] = []
    try:
        (total,) = TOTAL.unpack_from(content)
        start = TOTAL.size
        while start < len(content):
            phase, size = EACH.unpack_from(content, start)
            start += EACH.size
            record = content[start : start + size]
            found.append(OpenExchange(decode(record), PHASES[phase]))
            start += size
    except (struct.error, IndexError):
        raise ValueError("what is open is cut") from None
    return OpenExchanges(found, total)


def merged(each: Sequence[OpenExchanges], wish: OpenWish) -> OpenExchanges:
    """What several processes said, as one."""
    found = [one for part in each for one in part.found]
    # An id begins with the time.
    found.sort(key=lambda one: one.so_far.id.int, reverse=wish.newest_first)
    return OpenExchanges(
        found[: wish.limit],
        sum([part.total for part in each]),
        is_complete=all([part.is_complete for part in each]),
    )
