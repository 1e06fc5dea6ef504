"""How JSON is masked, alone and within messages and events."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from monitor.content import as_text
from monitor.json_paths import Path, replaced
from monitor.json_text import dump_json, json_values
from monitor.messages import Message, Messages, MessageState

MASK: Final = "***MASKED***"
BLANKS: Final = " \t\r\n\0\x1e\ufeff"
BLANK_BYTES: Final = b" \t\r\n\0\x1e\xef\xbb\xbf\xfe\xff"
# Socket.IO and Engine.IO put the type of a packet, a namespace and a number before
# its JSON.
PACKET: Final = re.compile(r"\d{1,20}(?:-)?(?:/[^,\[{]*,)?\d*(?=[\[{])")


def masked_json(text: str, paths: tuple[Path, ...]) -> str:
    """Raises ValueError where *text* is no JSON."""
    return "\n".join(dump_json(_masked(v, paths)) for v in json_values(text))


def masked_text(text: str, paths: tuple[Path, ...]) -> str:
    """A message that is JSON, masked; as it is where nothing of it is to be.

    Raises ValueError where it begins as JSON and cannot be parsed whole.
    """
    begin = text.lstrip(BLANKS)
    packet = PACKET.match(begin)
    lead = packet[0] if packet is not None else ""
    if not lead and not begin.startswith(("{", "[")):
        return text
    values = json_values(begin[len(lead) :])
    masked = [_masked(value, paths) for value in values]
    if masked == values:
        return text
    return lead + "\n".join(dump_json(value) for value in masked)


def masked_events(text: str, paths: tuple[Path, ...]) -> str:
    """A stream of events with their data masked; raises as *masked_text* does."""
    lines = re.split("\r\n|\n|\r", text.removeprefix("\ufeff"))
    made: list[str] = []
    block: list[str] = []
    for line in lines:
        if line:
            block.append(line)
            continue
        made += (*_masked_block(block, paths), "")
        block = []
    return "\n".join((*made, *_masked_block(block, paths)))


def redacted_messages(
    messages: Messages | None, paths: tuple[Path, ...]
) -> Messages | None:
    """*messages* masked; it may be the same object."""
    if messages is None or not paths:
        return messages
    kept = tuple(_redacted(message, paths) for message in messages.kept)
    return messages if kept == messages.kept else replace(messages, kept=kept)


def _masked(value: Any, paths: tuple[Path, ...]) -> Any:
    for path in paths:
        value = replaced(value, path, MASK)
    return value


def _redacted(message: Message, paths: tuple[Path, ...]) -> Message:
    """Nothing is kept of what cannot be read whole and may be what a rule is for."""
    if message.state is MessageState.CODED:
        return _withheld(message)
    text = as_text(message.kept, truncated=message.truncated)
    if text is None:
        is_hidden = message.kept.lstrip(BLANK_BYTES)[:1] in (b"{", b"[")
        return _withheld(message) if is_hidden else message
    try:
        masked = masked_text(text, paths)
    except (ValueError, RecursionError):
        return _withheld(message)
    if masked == text:
        return message
    if message.truncated:
        # Cut, and JSON all the same: what is masked may not be all.
        return _withheld(message)
    return replace(message, kept=masked.encode(), state=MessageState.REDACTED)


def _withheld(message: Message) -> Message:
    return replace(message, kept=b"", state=MessageState.WITHHELD)


def _masked_block(block: list[str], paths: tuple[Path, ...]) -> Iterator[str]:
    """The lines of one event: its data is one text over all its lines."""
    data = [_value(line) for line in block if _is_data(line)]
    text = "\n".join(data)
    masked = masked_text(text, paths)
    if masked == text:
        yield from block
        return
    yield from (line for line in block if not _is_data(line))
    yield from (f"data: {line}" for line in masked.split("\n"))


def _is_data(line: str) -> bool:
    return line == "data" or line.startswith("data:")


def _value(line: str) -> str:
    return line[5:].removeprefix(" ")
