"""Decoding: how a content coding is undone while it passes (RFC 9110 8.4)."""

import zlib
from collections.abc import Callable, Iterator
from typing import Final

import brotli

from monitor.content.body import is_coding, is_wide

STEP_BYTES: Final = 64 * 1024
# What may be undone at once, and for each byte that passed: beyond, it is a bomb.
UNDONE_AT_ONCE_BYTES: Final = 1024 * 1024
UNDONE_FOR_EACH_BYTE: Final = 20

# Some bytes, and the most it is to give; with none, more of what came before.
Step = Callable[[bytes, int], bytes]


class NotDecoded(ValueError):
    """The coding is not known here, damaged, or a bomb."""


class Undoing:
    """Fed with any pieces; holds no more than a step."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def undo(self, data: bytes) -> Iterator[bytes]:
        """What *data* gives, in steps. Raises NotDecoded."""
        left = UNDONE_AT_ONCE_BYTES + UNDONE_FOR_EACH_BYTE * len(data)
        while True:
            try:
                plain = self._step(data, STEP_BYTES)
            except (zlib.error, brotli.error):
                raise NotDecoded("its content coding is damaged") from None
            if not plain:
                return
            left -= len(plain)
            if left < 0:
                raise NotDecoded("its content coding expands too much")
            yield plain
            data = b""


def undoing(coding: str | None) -> Undoing | None:
    """None where nothing is to be undone. Raises NotDecoded."""
    name = (coding or "").strip().lower()
    if not is_coding(name):
        return None
    make = STEPS.get(name)
    if make is None:
        raise NotDecoded("its content coding is not undone while it passes")
    return Undoing(make())


def _zlib() -> Step:
    """gzip, or deflate with zlib's header."""
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def step(data: bytes, limit: int) -> bytes:
        return inflate.decompress(inflate.unconsumed_tail + data, limit)

    return step


def _brotli() -> Step:
    decompressor = brotli.Decompressor()
    is_begun = False

    def step(data: bytes, limit: int) -> bytes:
        nonlocal is_begun
        if data and not is_begun:
            is_begun = True
            if is_wide(data):
                raise NotDecoded("its content coding has too wide a window")
        made: bytes = decompressor.process(data, output_buffer_limit=limit)
        return made

    return step


STEPS: dict[str, Callable[[], Step]] = {
    "gzip": _zlib,
    "x-gzip": _zlib,
    "deflate": _zlib,
    "br": _brotli,
}
