"""Messages laid out for a page: work that a helper process can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor import times
from monitor.content.body import BodyKind
from monitor.content.layout import hexdump, laid_out
from monitor.logs.display import message_text
from monitor.traffic.message import Direction, Message, MessageKind, MessageState

SHOWN_CHARACTERS = 8_000
SHOWN_BYTES = 512
# What is short stands open.
SHORT_CHARACTERS, SHORT_LINES = 300, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """Texts only: *text* laid out, or *hex*; *lead* is the beginning of a long one."""

    is_sent: bool
    kind: str
    name: str | None
    event_id: str | None
    at: str
    offset_ms: float
    size: int | None
    kept: int
    truncated: bool
    state: MessageState
    is_limited: bool
    text: str
    is_hex: bool
    lead: str | None


class MessageViews(NamedTuple):
    views: list[MessageView]
    is_limited: bool = False


def message_views(messages: Sequence[Message], began: datetime) -> MessageViews:
    return MessageViews([_view(one, *_shown(one), began) for one in messages])


def raw_message_views(messages: Sequence[Message], began: datetime) -> MessageViews:
    """Not laid out, and only the beginning of each."""
    texts = [one.kept[:SHORT_CHARACTERS].decode("utf-8", "replace") for one in messages]
    return MessageViews(
        [
            _view(one, text, False, began)
            for one, text in zip(messages, texts, strict=True)
        ]
    )


def _view(message: Message, text: str, is_hex: bool, began: datetime) -> MessageView:
    is_long = len(text) > SHORT_CHARACTERS or text.count("\n") >= SHORT_LINES
    at = began + timedelta(milliseconds=message.offset_ms)
    return MessageView(
        is_sent=message.direction is Direction.SENT,
        kind=message.kind.value,
        name=message.name,
        event_id=message.event_id,
        at=times.format(at),
        offset_ms=message.offset_ms,
        size=message.size,
        kept=len(message.kept),
        truncated=message.truncated,
        state=message.state,
        is_limited=message.is_limited,
        text=text,
        is_hex=is_hex,
        lead=" ".join(text[:SHORT_CHARACTERS].split())[:120] if is_long else None,
    )


def _shown(message: Message) -> tuple[str, bool]:
    """The message as text, and whether that is a hexdump of its bytes."""
    if message.kind is MessageKind.CLOSE and len(message.kept) >= 2:
        # RFC 6455 5.5.1: a code, then words.
        code = int.from_bytes(message.kept[:2])
        return f"{code} {message.kept[2:].decode('utf-8', 'replace')}".strip(), False
    text = message_text(message)
    if text is None:
        return hexdump(message.kept, limit=SHOWN_BYTES), True
    kind = BodyKind.JSON if text.lstrip()[:1] in ("{", "[") else BodyKind.TEXT
    return laid_out(kind, text).text[:SHOWN_CHARACTERS], False
