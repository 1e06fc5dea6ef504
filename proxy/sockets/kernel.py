"""The kernel's part: what it holds of a connection that its loop did not take."""

import asyncio
import fcntl
import os
import select
import termios
from collections.abc import Iterator
from typing import Final

READ_BYTES: Final = 64 * 1024
# An int of C.
NO_BYTES: Final = bytes(4)


def is_quiet(transport: asyncio.Transport) -> bool:
    """Whether nothing has come that was not read: bytes, a FIN, a reset."""
    waiting = select.poll()
    waiting.register(_handle(transport), select.POLLIN)
    return not waiting.poll(0)


def unread(transport: asyncio.Transport) -> Iterator[bytes]:
    """What has come and was not read, behind TLS nothing that could be understood.

    Also where a write has failed: as long as the protocol is being told, the socket is
    open.
    """
    handle = _handle(transport)
    try:
        while data := os.read(handle, READ_BYTES):
            yield data
    except OSError:
        return


def is_unsent(transport: asyncio.Transport) -> bool:
    """Whether the other side's kernel has not got all that was written."""
    if transport.get_write_buffer_size():
        return True
    try:
        left = fcntl.ioctl(_handle(transport), termios.TIOCOUTQ, NO_BYTES)
    except OSError:
        return False
    return left != NO_BYTES


def _handle(transport: asyncio.Transport) -> int:
    handle: int = transport.get_extra_info("socket").fileno()
    return handle
