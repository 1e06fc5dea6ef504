"""Tunnels: how bytes pass both ways once an upgrade is agreed."""

import asyncio
from collections.abc import Callable

from proxy.sockets.reading import LARGE_BYTES, Reading

Note = Callable[[bytes], None]
Ending = Callable[[], None]
IsBehind = Callable[[], bool]


class TunnelEnd(asyncio.Protocol):
    """One side of a tunnel; what it receives is written to its peer.

    *over* is set when this side is closed; *error* says that it was reset. *ending* is
    called before it is told that nothing more comes. While *is_behind*, what was noted
    is still being read, and nothing more is taken.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        note: Note,
        is_behind: IsBehind,
        ending: Ending,
    ) -> None:
        self._transport = transport
        self._note = note
        self._is_behind = is_behind
        self._ending = ending
        self._reading = Reading(self._go_on)
        self._reading.attach(transport)
        self._peer: TunnelEnd | None = None
        self._has_ended = False
        self.error: Exception | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def join(self, peer: "TunnelEnd") -> None:
        self._peer = peer

    def begin(self, early: bytes, *, has_ended: bool, is_held: bool) -> None:
        """*early* came before the tunnel stood, and held reading back perhaps.

        *is_held*: the peer was full before, and its loop tells only once it is not.
        """
        if is_held:
            self._reading.hold()
        if early:
            self.data_received(early)
        if has_ended:
            self.eof_received()
        self._reading.take_over()

    def data_received(self, data: bytes) -> None:
        if self._peer is not None:
            self._peer.write(data)
        self._note(data)
        if len(data) >= LARGE_BYTES or self._is_behind():
            self._reading.later()

    def _go_on(self) -> None:
        if self._is_behind():
            self._reading.later()

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def eof_received(self) -> bool:
        """Half-closed: the other direction goes on until it ends as well."""
        self._has_ended = True
        if self._peer is not None:
            self._peer.end()
        return self._transport.can_write_eof()

    def end(self) -> None:
        """The peer will send no more; TLS cannot be closed by half."""
        self._ending()
        if self._has_ended or not self._transport.can_write_eof():
            self.close()
            if self._peer is not None:
                self._peer.close()
        elif not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        self._ending()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.error = error
        if not self.over.done():
            self.over.set_result(None)
        peer, self._peer = self._peer, None
        self._reading.leave()
        if peer is not None:
            peer.close()

    def pause_writing(self) -> None:
        if self._peer is not None:
            self._peer.pause_reading()

    def resume_writing(self) -> None:
        if self._peer is not None:
            self._peer.resume_reading()

    def pause_reading(self) -> None:
        self._reading.hold()

    def resume_reading(self) -> None:
        self._reading.release()


def tunnel(
    client: asyncio.Transport,
    upstream: asyncio.Transport,
    *,
    note_sent: Note,
    note_received: Note,
    ending: Ending,
    is_behind: IsBehind = lambda: False,
) -> tuple[TunnelEnd, TunnelEnd]:
    """Join two transports; nothing passes before both ends begin.

    *ending* is called, perhaps more than once, before the client is told of an end.
    """
    near = TunnelEnd(client, note=note_sent, is_behind=is_behind, ending=ending)
    far = TunnelEnd(upstream, note=note_received, is_behind=is_behind, ending=_nothing)
    near.join(far)
    far.join(near)
    client.set_protocol(near)
    upstream.set_protocol(far)
    return near, far


def _nothing() -> None:
    """The upstream may know of an end before it is recorded."""
