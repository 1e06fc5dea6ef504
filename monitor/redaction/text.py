"""Text of messages and events, masked by rules; it may be JSON."""

import re
from collections.abc import Callable
from typing import Final

from monitor.content.body import as_text
from monitor.redaction.json import masked_json
from monitor.redaction.looks import BLANK_BYTES
from monitor.redaction.path_machine import Machine
from monitor.redaction.work import MaskingWork, TooMuch
from monitor.traffic.message import Message, Messages, MessageState

BLANKS: Final = " \t\r\n\0\x1e\ufeff"
# Socket.IO and Engine.IO put the type of a packet, a namespace and a number before
# its JSON.
PACKET: Final = re.compile(r"\d{1,20}+-?(?:/[^,\[{]*+,)?\d*+(?=[\[{])")
PACKET_BYTES: Final = re.compile(PACKET.pattern.encode())
LINE_END: Final = re.compile("\r\n|\n|\r")
# What a message costs besides, one that is changed, a line of events and an event.
MESSAGE_NODES: Final = 15
CHANGED_NODES: Final = 30
LINE_NODES: Final = 4
EVENT_NODES: Final = 16


def masked_text(text: str, machine: Machine, work: MaskingWork) -> bytes | None:
    """A message that is JSON, masked; None where nothing of it is to be.

    Raises ValueError where it begins as JSON and cannot be parsed whole. Raises
    TooMuch.
    """
    begin = text.lstrip(BLANKS)
    lead = ""
    if not begin.startswith(("{", "[")):
        packet = PACKET.match(begin)
        if packet is None:
            return None
        lead = packet[0]
    masked, is_changed = masked_json(begin[len(lead) :], machine, work)
    return lead.encode() + masked if is_changed else None


def masked_events(text: str, machine: Machine, work: MaskingWork) -> bytes:
    """A stream of events with their data masked; raises as *masked_text* does."""
    lines_at_most = text.count("\n") + text.count("\r") + 1
    work.spend(LINE_NODES * lines_at_most, len(text))
    made, block = list[bytes](), list[str]()
    for line in LINE_END.split(text.removeprefix("\ufeff")):
        if line:
            block.append(line)
            continue
        if block:
            made += _masked_block(block, machine, work)
            block = []
        made.append(b"")
    return b"\n".join([*made, *_masked_block(block, machine, work)])


def redacted_messages(
    messages: Messages,
    machine: Machine | None,
    work: MaskingWork,
    by_names: Callable[[bytes], bytes | None],
    withheld: Callable[[bool], None],
) -> Messages:
    """*messages* masked; it may be the same object.

    *by_names* masks JSON's sensitive fields, None where there are none. *withheld* is
    told of each that is: whether it *is_limited*.
    """
    kept = list[Message]()
    is_changed = False
    for message in messages.kept:
        masked = _redacted(message, machine, work, by_names)
        if masked is not message:
            is_changed = True
            if masked.state is MessageState.WITHHELD:
                withheld(masked.is_limited)
        kept.append(masked)
    if not is_changed:
        return messages
    return Messages(
        medium=messages.medium,
        kept=tuple(kept),
        count=messages.count,
        problem=messages.problem,
    )


def _redacted(
    message: Message,
    machine: Machine | None,
    work: MaskingWork,
    by_names: Callable[[bytes], bytes | None],
) -> Message:
    """Nothing is kept of what cannot be read whole and may be what a rule is for."""
    if message.state is MessageState.CODED:
        if machine is None:
            return message
        return _changed(message, b"", MessageState.WITHHELD)
    if not message.kept:
        return message
    try:
        work.spend(MESSAGE_NODES, len(message.kept))
        masked = _masked(message, machine, work, by_names)
        work.spend(CHANGED_NODES if masked is not None else 0)
    except TooMuch:
        return _changed(message, b"", MessageState.WITHHELD, is_limited=True)
    except ValueError:
        return _changed(message, b"", MessageState.WITHHELD)
    if masked is None:
        return message
    if message.truncated:
        # Cut, and JSON all the same: what is masked may not be all.
        return _changed(message, b"", MessageState.WITHHELD)
    return _changed(message, masked, MessageState.REDACTED)


def _masked(
    message: Message,
    machine: Machine | None,
    work: MaskingWork,
    by_names: Callable[[bytes], bytes | None],
) -> bytes | None:
    """None where nothing of it is to be masked."""
    content = message.kept
    begin = content.lstrip(BLANK_BYTES)
    lead = b""
    if begin[:1] not in (b"{", b"["):
        packet = PACKET_BYTES.match(begin)
        if packet is None:
            return None
        lead = packet[0]
    named = by_names(begin[len(lead) :])
    if machine is None:
        return None if named is None else lead + named
    if named is not None:
        content = lead + named
    text = as_text(content, truncated=message.truncated)
    if text is None:
        raise ValueError("it is no text")
    masked = masked_text(text, machine, work)
    return content if masked is None and named is not None else masked


def _changed(
    message: Message, kept: bytes, state: MessageState, is_limited: bool = False
) -> Message:
    """Written out: there may be thousands, which `replace` takes its time for."""
    return Message(
        direction=message.direction,
        kind=message.kind,
        offset_ms=message.offset_ms,
        kept=kept,
        size=message.size,
        wire_size=message.wire_size,
        state=state,
        is_limited=is_limited,
        name=message.name,
        event_id=message.event_id,
    )


def _masked_block(block: list[str], machine: Machine, work: MaskingWork) -> list[bytes]:
    """The lines of one event: its data is one text over all its lines."""
    data = [_value(line) for line in block if _is_data(line)]
    masked = None
    if data:
        work.spend(EVENT_NODES)
        masked = masked_text("\n".join(data), machine, work)
    if masked is None:
        return [line.encode() for line in block]
    rest = [line.encode() for line in block if not _is_data(line)]
    return rest + [b"data: " + line for line in masked.split(b"\n")]


def _is_data(line: str) -> bool:
    return line == "data" or line.startswith("data:")


def _value(line: str) -> str:
    return line[5:].removeprefix(" ")
