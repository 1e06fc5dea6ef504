"""Inflating: how compressed messages are undone, within bounds (RFC 7692)."""

import zlib
from dataclasses import dataclass
from typing import Final

# A deflated message lacks the end of its last block (RFC 7692 7.2.2).
LAST_BLOCK: Final = b"\x00\x00\xff\xff"
STEP_BYTES: Final = 64 * 1024
# What a message may inflate to before it is left: it would take our time.
MAX_INFLATE_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Deflate:
    """What an upgrade agreed on: whether each side begins each message anew."""

    client_begins_anew: bool
    server_begins_anew: bool


def agreed(extensions: str | None) -> Deflate | None:
    """What a 101's Sec-WebSocket-Extensions says; None: messages pass as they are.

    Sizes of windows need no care: the largest one reads all.
    """
    for extension in (extensions or "").lower().split(","):
        name, *parameters = [part.strip() for part in extension.split(";")]
        if name == "permessage-deflate":
            return Deflate(
                client_begins_anew="client_no_context_takeover" in parameters,
                server_begins_anew="server_no_context_takeover" in parameters,
            )
    return None


class Inflater:
    """Undoes the messages of one direction; *is_lost* once it cannot any more."""

    def __init__(self, *, begins_anew: bool) -> None:
        self._begins_anew = begins_anew
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._made = 0
        # Of all messages; and how often a last block was followed by another.
        self.total = 0
        self.begun = 0
        self.is_lost = False

    def begin(self) -> None:
        """Another message."""
        self._made = 0
        if self._begins_anew:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            self.is_lost = False

    def undo(self, piece: bytes, *, keep: int) -> tuple[bytes, int]:
        """At most *keep* bytes of what *piece* gives, and how many it gives."""
        kept, made = bytearray(), 0
        while not self.is_lost:
            try:
                step = self._inflate.decompress(piece, STEP_BYTES)
            except zlib.error:
                self.is_lost = True
                break
            kept += step[: max(keep - len(kept), 0)]
            made += len(step)
            self.is_lost = self._made + made > MAX_INFLATE_BYTES
            piece = self._rest()
            if not piece and len(step) < STEP_BYTES:
                break
        self._made += made
        self.total += made
        return bytes(kept), made

    def end(self, *, keep: int) -> tuple[bytes, int]:
        """What the end of the message gives besides."""
        return self.undo(LAST_BLOCK, keep=keep)

    def _rest(self) -> bytes:
        """What is not undone yet. After a last block another one begins, which RFC 7692
        7.2.3.4 allows; what refers back beyond that is lost."""
        if not self._inflate.eof:
            return self._inflate.unconsumed_tail
        rest = self._inflate.unused_data
        self.begun += 1
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        return rest
