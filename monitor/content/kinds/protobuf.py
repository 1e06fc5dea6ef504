"""Protocol Buffers without their schema: fields by number, as far as bytes tell."""

import struct
from contextlib import suppress
from typing import Any, Final

from monitor.content.body import as_text
from monitor.content.kinds.steps import Leaf, Members
from monitor.content.kinds.tree import bytes_leaf

# Of one message in another; what is deeper is shown as bytes.
MAX_DEPTH: Final = 32
MAX_NUMBER: Final = 2**29 - 1
VARINT_BYTES: Final = 10
VARINT, FIXED_64, LENGTH, GROUP, GROUP_END, FIXED_32 = range(6)


class _Reader:
    """*left*: how many fields may still be read, of all messages together."""

    def __init__(self, most: int) -> None:
        self.left = most

    def message(self, content: bytes, depth: int) -> Members:
        """Raises ValueError where it is none, whole."""
        fields: list[tuple[str, Any]] = []
        at = 0
        while at < len(content):
            self.left -= 1
            if self.left < 0:
                raise ValueError("too many fields")
            key, at = _varint(content, at)
            number, wire = key >> 3, key & 7
            if not 0 < number <= MAX_NUMBER:
                raise ValueError("no number of a field")
            value, at = self._value(content, at, wire, depth)
            fields.append((str(number), value))
        return Members(fields)

    def _value(self, content: bytes, at: int, wire: int, depth: int) -> tuple[Any, int]:
        if wire == VARINT:
            number, at = _varint(content, at)
            return Leaf(_whole(number), "varint"), at
        if wire == FIXED_64:
            return _fixed(content, at, 8, "<d", "64 bits")
        if wire == FIXED_32:
            return _fixed(content, at, 4, "<f", "32 bits")
        if wire == LENGTH:
            length, at = _varint(content, at)
            inner = content[at : at + length]
            if len(inner) < length:
                raise ValueError("cut")
            return self._of_length(inner, depth), at + length
        # Groups have gone out of use, and nothing tells where one ends.
        raise ValueError("no kind of a field that is read here")

    def _of_length(self, content: bytes, depth: int) -> Any:
        """Text, a message, or bytes: which of them, only its schema knows."""
        text = as_text(content)
        if text is not None and (text.isprintable() or _is_prose(text)):
            return Leaf(text, "string")
        if content and depth < MAX_DEPTH:
            # What is tried in vain is work all the same, and counted.
            with suppress(ValueError):
                return self.message(content, depth + 1)
        return bytes_leaf(content)


def message_of(content: bytes, *, most: int) -> Members:
    """At most *most* fields. Raises ValueError where it is no message."""
    if not content:
        return Members()
    return _Reader(most).message(content, 0)


def _is_prose(text: str) -> bool:
    return all(c.isprintable() or c in "\n\r\t" for c in text)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    number = 0
    for n in range(VARINT_BYTES):
        if at + n >= len(content):
            raise ValueError("cut")
        byte = content[at + n]
        number |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            return number & (2**64 - 1), at + n + 1
    raise ValueError("too long a number")


def _whole(number: int) -> str:
    """With what it is as a signed one, where that is likely."""
    return f"{number - 2**64}" if number >= 2**63 else str(number)


def _fixed(
    content: bytes, at: int, width: int, format: str, kind: str
) -> tuple[Leaf, int]:
    raw = content[at : at + width]
    if len(raw) < width:
        raise ValueError("cut")
    [real] = struct.unpack(format, raw)
    return Leaf(f"{int.from_bytes(raw, 'little')} or {real:g}", kind), at + width
