"""What comes at one end of a TCP connection, byte for byte, and how it ends."""

import asyncio
import contextlib
import socket
import struct

PIECE_BYTES = 64 * 1024
# SO_LINGER on, for no time: closing resets.
RESET = struct.pack("ii", 1, 0)


class Wire:
    """*received*: all that ever came; *has_ended*, *was_reset*: how it stopped."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._taken = 0
        self.received = bytearray()
        self.has_ended = False
        self.was_reset = False

    @property
    def untaken(self) -> bytes:
        return bytes(self.received[self._taken :])

    def take(self, size: int) -> bytes:
        """The next *size* bytes, which have come already."""
        taken = self.untaken[:size]
        self._taken += size
        return taken

    async def send(self, content: bytes) -> None:
        """A peer that is gone is noted, not raised: reading says the rest."""
        try:
            await asyncio.get_running_loop().sock_sendall(self._socket, content)
        except OSError:
            self.was_reset = True

    async def more(self) -> bool:
        """Wait for further bytes; False at the end."""
        if self.has_ended:
            return False
        try:
            loop = asyncio.get_running_loop()
            came = await loop.sock_recv(self._socket, PIECE_BYTES)
        except OSError:
            came, self.was_reset = b"", True
        self.received += came
        self.has_ended = not came
        return bool(came)

    async def until(self, mark: bytes) -> bytes:
        """Everything up to and with *mark*; at the end, whatever is left."""
        while mark not in self.untaken:
            if not await self.more():
                return self.take(len(self.untaken))
        return self.take(self.untaken.index(mark) + len(mark))

    async def exactly(self, size: int) -> bytes:
        """*size* bytes, or fewer at the end."""
        while len(self.untaken) < size and await self.more():
            pass
        return self.take(min(size, len(self.untaken)))

    async def rest(self) -> bytes:
        """Everything until the end."""
        while await self.more():
            pass
        return self.take(len(self.untaken))

    async def quiet(self, seconds: float) -> bytes:
        """What comes within *seconds*, or until the end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self.more():
                    pass
        return self.untaken

    def end(self) -> None:
        """Send no more, and go on reading."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close()

    def close(self) -> None:
        self._socket.close()


async def connect(host: str, port: int) -> Wire:
    client = socket.socket()
    client.setblocking(False)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.get_running_loop().sock_connect(client, (host, port))
    return Wire(client)
