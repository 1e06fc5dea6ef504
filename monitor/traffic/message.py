"""Messages within an exchange that lasts: of a WebSocket, or events."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Medium(StrEnum):
    """How messages pass."""

    WEBSOCKET = "websocket"
    EVENT_STREAM = "event_stream"


class Direction(StrEnum):
    """As the client sees it."""

    SENT = "sent"
    RECEIVED = "received"


class MessageKind(StrEnum):
    """RFC 6455 11.8, and the events of a stream."""

    TEXT = "text"
    BINARY = "binary"
    CLOSE = "close"
    PING = "ping"
    PONG = "pong"
    EVENT = "event"


# RFC 6455 11.8; an event has none.
OPCODES: Final = {
    MessageKind.TEXT: 0x1,
    MessageKind.BINARY: 0x2,
    MessageKind.CLOSE: 0x8,
    MessageKind.PING: 0x9,
    MessageKind.PONG: 0xA,
}


class MessageState(StrEnum):
    """What became of a message's bytes."""

    KEPT = "kept"
    # Compressed still: it could not be undone.
    CODED = "coded"
    # Masked and written anew: no longer the bytes that passed.
    REDACTED = "redacted"
    # A field rule applies, and the message could not be parsed whole.
    WITHHELD = "withheld"


# How the state is written of what is withheld because it *is_limited*.
LIMITED: Final = "limited"


# Not frozen, as an exchange is not: there may be thousands. Never changed all the same.
@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Message:
    """The first bytes of a message, compression undone, and when its last byte passed.

    *size* is that of the whole message, None where that is not known: it was cut, or
    its compression could not be undone to the end. *wire_size*: bytes of it that
    passed, framing apart.
    """

    direction: Direction
    kind: MessageKind
    offset_ms: float
    kept: bytes
    size: int | None
    wire_size: int
    state: MessageState = MessageState.KEPT
    # Withheld because to mask it would have been too much work.
    is_limited: bool = False
    # An event's own, where it has them.
    name: str | None = None
    event_id: str | None = None

    @property
    def written_state(self) -> str:
        return LIMITED if self.is_limited else self.state.value

    @property
    def opcode(self) -> int | None:
        return OPCODES.get(self.kind)

    @property
    def truncated(self) -> bool:
        """Whether there was more of it than is kept."""
        match self.state:
            case MessageState.KEPT:
                return self.size != len(self.kept)
            case MessageState.CODED:
                return self.wire_size != len(self.kept)
            case _:
                return False


def read_state(written: str) -> tuple[MessageState, bool]:
    """The state, and whether it *is_limited*."""
    is_limited = written == LIMITED
    return MessageState.WITHHELD if is_limited else MessageState(written), is_limited


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """The first messages of an exchange, and the count of all.

    *problem* says in a few words why what came after it could not be read.
    """

    medium: Medium
    kept: tuple[Message, ...]
    count: int
    problem: str | None = None
