"""The messages of a log, as its page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from monitor import times
from monitor.content import Kind, hexdump, pretty
from monitor.messages import Direction, Message, MessageKind, MessageState
from monitor.resources import LogDetail
from monitor.shown import message_text
from monitor.storage.messages import MessageReader

PAGE_SIZE = 100
SHOWN_CHARACTERS = 8_000
SHOWN_BYTES = 512
# What is short stands open.
SHORT_CHARACTERS, SHORT_LINES = 300, 4
LONGEST_OFFSET = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """Texts only: *text* laid out, or *hex*; *lead* is the beginning of a long one."""

    number: int
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


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesView:
    """*count*: all that passed; *total*: those that are kept."""

    title: str
    items: list[MessageView]
    count: int
    total: int
    problem: str | None
    first: int
    earlier: int | None
    later: int | None


async def messages_view(
    reader: MessageReader, detail: LogDetail, query: Mapping[str, str]
) -> MessagesView | None:
    """None where the exchange has none to show."""
    count = detail.message_count
    title = "Events" if count is None else "Messages"
    count = detail.event_count if count is None else count
    if count is None:
        return None
    offset = _offset(query.get("messages", ""))
    found = await reader.page(detail.item.id, limit=PAGE_SIZE, offset=offset)
    messages, total = found or ([], 0)
    return MessagesView(
        title=title,
        items=[
            _view(message, detail, offset + n) for n, message in enumerate(messages)
        ],
        count=count,
        total=total,
        problem=detail.messages_problem,
        first=offset,
        earlier=max(offset - PAGE_SIZE, 0) if offset else None,
        later=offset + PAGE_SIZE if offset + PAGE_SIZE < total else None,
    )


def _offset(text: str) -> int:
    """Where the page begins; an address that is none is the first page's."""
    return min(int(text), LONGEST_OFFSET) if text.isdecimal() and text.isascii() else 0


def _view(message: Message, detail: LogDetail, n: int) -> MessageView:
    text, is_hex = _shown(message)
    is_long = len(text) > SHORT_CHARACTERS or text.count("\n") >= SHORT_LINES
    at = detail.item.timestamp + timedelta(milliseconds=message.offset_ms)
    return MessageView(
        number=n + 1,
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
    kind = Kind.JSON if text.lstrip()[:1] in ("{", "[") else Kind.TEXT
    return pretty(kind, text)[:SHOWN_CHARACTERS], False
