"""Messages of WebSockets and event streams, to and from HAR entries.

As Chrome writes them; it has no word for pings, cuts and masks: those begin with `_`.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitor.export.har_values import Place, known, list_of, object_of, text_of
from monitor.logs.display import message_text
from monitor.logs.log import LogDetail
from monitor.traffic.message import (
    OPCODES,
    Direction,
    Medium,
    Message,
    MessageKind,
    Messages,
    MessageState,
    read_state,
)

SOCKET, EVENTS = "_webSocketMessages", "_eventSourceMessages"
KINDS = {opcode: kind for kind, opcode in OPCODES.items()}
MAX_LABEL = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many messages are kept, and bytes of each, and of all."""

    count: int
    each: int
    bytes: int


def exported(detail: LogDetail, messages: Sequence[Message]) -> dict[str, Any]:
    """What an entry has of them; *messages* are those that are kept."""
    is_socket = detail.message_count is not None
    count = detail.message_count if is_socket else detail.event_count
    if count is None:
        return {}
    made: dict[str, Any] = {
        SOCKET if is_socket else EVENTS: [_written(detail, each) for each in messages]
    }
    if count != len(messages):
        made["_message_count"] = count
    if detail.messages_problem is not None:
        made["_messages_problem"] = detail.messages_problem
    return made


def _written(detail: LogDetail, message: Message) -> dict[str, Any]:
    """Bytes of a binary message are base64, as Chrome writes them."""
    text, is_binary = message_text(message), message.kind is MessageKind.BINARY
    is_coded = text is None or is_binary
    data = base64.b64encode(message.kept).decode() if is_coded else text
    at = round(detail.item.timestamp.timestamp() + message.offset_ms / 1000, 6)
    if message.kind is MessageKind.EVENT:
        named = {"eventName": message.name or "message", "eventId": message.event_id}
        made = {"time": at, **named, "data": data}
    else:
        kind = "send" if message.direction is Direction.SENT else "receive"
        made = {"type": kind, "time": at, "opcode": message.opcode, "data": data}
    if is_coded and not is_binary:
        made["_encoding"] = "base64"
    if message.truncated:
        made["_truncated"] = True
    if message.size != len(message.kept):
        made["_size"] = message.size
    if message.wire_size != len(message.kept):
        made["_wire_size"] = message.wire_size
    if message.state is not MessageState.KEPT:
        made["_state"] = message.written_state
    return made


def messages_of(
    entry: dict[str, Any], started_at: datetime, bounds: Bounds
) -> Messages | None:
    """The first of an entry's messages, as many as are kept. Raises BadEntry."""
    for name, medium in ((SOCKET, Medium.WEBSOCKET), (EVENTS, Medium.EVENT_STREAM)):
        given = entry.get(name)
        if given is not None:
            found = list_of(given, (name,))
            kept, left = list[Message](), bounds.bytes
            for n, each in enumerate(found[: bounds.count]):
                limit = min(bounds.each, left)
                kept.append(_read((name, n), each, medium, started_at, limit))
                left -= len(kept[-1].kept)
            count = known(entry.get("_message_count"))
            problem = entry.get("_messages_problem")
            return Messages(
                medium=medium,
                kept=tuple(kept),
                count=max(int(count or 0), len(found)),
                problem=_label(problem),
            )
    return None


def _read(
    place: Place, given: Any, medium: Medium, started_at: datetime, limit: int
) -> Message:
    said = object_of(given, place)
    opcode = known(said.get("opcode"))
    kind = KINDS.get(int(opcode if opcode is not None else 1), MessageKind.TEXT)
    if medium is Medium.EVENT_STREAM:
        kind = MessageKind.EVENT
    is_coded = kind is MessageKind.BINARY or said.get("_encoding") == "base64"
    content = _content(text_of(said.get("data"), (*place, "data")), is_coded)
    size = said.get("_size", len(content))
    wire_size = known(said.get("_wire_size"))
    name = _label(said.get("eventName"))
    state, is_limited = _state(said.get("_state"))
    return Message(
        direction=Direction.SENT if said.get("type") == "send" else Direction.RECEIVED,
        kind=kind,
        offset_ms=_offset_ms(said.get("time"), started_at),
        kept=content[: max(limit, 0)],
        size=None if size is None else int(known(size) or len(content)),
        wire_size=len(content) if wire_size is None else int(wire_size),
        state=state,
        is_limited=is_limited,
        name=None if name == "message" else name,
        event_id=_label(said.get("eventId")),
    )


def _content(text: str, is_coded: bool) -> bytes:
    if is_coded:
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            # A tool that writes binary messages as they are.
            pass
    return text.encode("utf-8", "replace")


def _offset_ms(time: Any, started_at: datetime) -> float:
    """`time` is in seconds since 1970; some write it as a date."""
    moment: float | None = known(time)
    if moment is None and isinstance(time, str):
        try:
            found = datetime.fromisoformat(time)
            aware = found if found.tzinfo else found.replace(tzinfo=UTC)
            moment = aware.timestamp()
        except ValueError:
            moment = None
    if moment is None:
        return 0.0
    return max(round((moment - started_at.timestamp()) * 1000, 3), 0.0)


def _state(value: Any) -> tuple[MessageState, bool]:
    if isinstance(value, str):
        try:
            return read_state(value)
        except ValueError:
            pass
    return MessageState.KEPT, False


def _label(value: Any) -> str | None:
    """PostgreSQL's text has no U+0000, and UTF-8 no half of a surrogate pair."""
    if not isinstance(value, str):
        return None
    text = value[:MAX_LABEL].encode("utf-8", "replace").decode()
    return text.replace("\0", "\ufffd")
