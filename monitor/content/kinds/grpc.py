"""Messages of gRPC, gRPC-Web and Connect: frames with a flag and a length."""

import base64
import binascii
from typing import Any, Final

from monitor.content.body import as_text, decoded
from monitor.content.kinds.protobuf import message_of
from monitor.content.kinds.steps import Leaf, Members
from monitor.content.kinds.tree import bytes_leaf
from monitor.json.text import load_json

HEAD_BYTES: Final = 5
COMPRESSED, CONNECT_END, WEB_TRAILERS = 1, 2, 0x80
MAX_FRAMES: Final = 1_000
MAX_MADE_BYTES: Final = 1024 * 1024


def frames_of(
    content: bytes, declared: str, coding: str | None, *, most: int
) -> Members:
    """Its messages, decoded by field number, at most *most* fields in each.

    *coding* is what grpc-encoding says. Raises ValueError where there is no frame.
    """
    if "-text" in declared:
        content = _from_text(content)
    found: list[tuple[str, Any]] = []
    at = 0
    while at < len(content) and len(found) < MAX_FRAMES:
        if len(content) - at < HEAD_BYTES:
            break
        flags = content[at]
        length = int.from_bytes(content[at + 1 : at + HEAD_BYTES], "big")
        begin = at + HEAD_BYTES
        payload = content[begin : begin + length]
        is_whole = len(payload) == length
        found.append(_frame(len(found) + 1, flags, payload, is_whole, coding, most))
        at = begin + length
    if not found:
        raise ValueError("no frame")
    return Members(found)


def _frame(
    n: int, flags: int, payload: bytes, is_whole: bool, coding: str | None, most: int
) -> tuple[str, Any]:
    name = f"message {n}" if is_whole else f"message {n}, cut"
    if flags & COMPRESSED:
        undone = decoded(payload, coding or "gzip", limit=MAX_MADE_BYTES)
        if not undone.complete:
            return name, Leaf(undone.problem or "not decoded", "compressed")
        payload = undone.content
    if flags & (WEB_TRAILERS | CONNECT_END):
        return "trailers", Leaf(as_text(payload) or payload.hex(" "), "string")
    return name, _payload(payload, most)


def _payload(payload: bytes, most: int) -> Any:
    try:
        return message_of(payload, most=most)
    except ValueError:
        pass
    text = as_text(payload)
    if text is None:
        return bytes_leaf(payload)
    try:
        return load_json(text)
    except ValueError:
        return Leaf(text, "string")


def _from_text(content: bytes) -> bytes:
    """gRPC-Web as text: base64, padded anew at the end of each frame."""
    try:
        pieces = [
            base64.b64decode(piece + b"=" * (-len(piece) % 4))
            for piece in content.split(b"=")
            if piece
        ]
    except binascii.Error:
        raise ValueError("no base64") from None
    return b"".join(pieces)
