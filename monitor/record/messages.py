"""Messages as a part of a record in the spool, and read from it."""

from collections.abc import Iterator
from typing import Any

import orjson

from monitor.traffic.message import (
    Direction,
    Medium,
    Message,
    MessageKind,
    Messages,
    read_state,
)


def packed(messages: Messages | None) -> tuple[bytes, bytes]:
    """What is said of them, as JSON, and the raw bytes of all, one after the other."""
    if messages is None:
        return b"", b""
    texts = b"".join([message.kept for message in messages.kept])
    return orjson.dumps(_about(messages)), texts


def _about(messages: Messages) -> list[Any]:
    each = [
        (
            m.direction,
            m.kind,
            m.offset_ms,
            len(m.kept),
            m.size,
            m.wire_size,
            m.written_state,
            m.name,
            m.event_id,
        )
        for m in messages.kept
    ]
    return [messages.medium, messages.count, messages.problem, each]


def messages_of(about: list[Any] | None, texts: bytes) -> Messages | None:
    """*texts*: the bytes of all, one after the other. Raises ValueError."""
    if about is None:
        about = [None, 0, None, []]
    medium, count, problem, each = about
    if sum(length for _, _, _, length, *_ in each) != len(texts):
        raise ValueError("a record's lengths do not add up to its size")
    if medium is None:
        return None
    return Messages(
        medium=Medium(medium),
        kept=tuple(_each_message(each, texts)),
        count=count,
        problem=problem,
    )


def _each_message(each: list[list[Any]], texts: bytes) -> Iterator[Message]:
    at = 0
    for direction, kind, offset_ms, length, size, wire_size, state, name, id in each:
        known, is_limited = read_state(state)
        yield Message(
            direction=Direction(direction),
            kind=MessageKind(kind),
            offset_ms=offset_ms,
            kept=texts[at : at + length],
            size=size,
            wire_size=wire_size,
            state=known,
            is_limited=is_limited,
            name=name,
            event_id=id,
        )
        at += length
