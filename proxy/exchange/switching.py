"""Upgrades: whether one is agreed, and what then becomes of the two connections."""

import asyncio
from collections.abc import Callable

from monitor.traffic.exchange import Failure, FailureCode
from proxy.connections.client import ClientConnection
from proxy.connections.upstream import UpstreamConnection
from proxy.exchange.capture import Capture
from proxy.exchange.tunnel import TunnelEnd, tunnel
from proxy.http1 import headers
from proxy.http1.request import Request
from proxy.http1.response import Answer
from proxy.sockets.deadline import Deadline


def is_agreed(request: Request, answer: Answer) -> bool:
    """Whether 101 names what was offered."""
    chosen = headers.text(answer.lines, "upgrade") or ""
    return request.upgrade is not None and (
        not chosen or headers.opaque_protocols(chosen) == chosen
    )


class Switched:
    """A tunnel from client to upstream, and what *capture* is told of it.

    *finish* is called, perhaps more than once, before the client is told of its end.
    It is closed once nothing passed for *idle_s*.
    """

    def __init__(
        self,
        client: ClientConnection,
        connection: UpstreamConnection,
        capture: Capture,
        *,
        timeout_s: float,
        idle_s: float,
        finish: Callable[[], None],
    ) -> None:
        self._client = client
        self._capture = capture
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._finish = finish
        self._idle = Deadline(self._stood_still)
        self._is_idle = False
        self._ends: tuple[TunnelEnd, TunnelEnd] | None = None
        near_side, far_side = client.writer.transport, connection.transport
        if near_side is None or far_side is None:
            # It ended with its head; there is nothing to join.
            capture.received(connection.after_upgrade)
            finish()
            client.writer.write(connection.after_upgrade)
            return
        near, far = self._ends = tunnel(
            near_side,
            far_side,
            note_sent=self._sent,
            note_received=self._received,
            is_behind=self._is_behind,
            ending=self._ending,
        )
        self._idle.set(idle_s)
        near.begin(
            client.take_early(),
            has_ended=False,
            is_held=connection.is_writing_paused,
        )
        far.begin(
            connection.after_upgrade,
            has_ended=connection.has_ended,
            is_held=client.is_writing_paused,
        )

    async def over(self) -> None:
        if self._ends is None:
            return
        near, far = self._ends
        ends = [near.over, far.over]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        # What the other side has not taken yet, it may take in *timeout_s*.
        await asyncio.wait(ends, timeout=self._timeout_s)
        self._ending()

    def close(self) -> None:
        self._idle.leave()
        ends, self._ends = self._ends, None
        if ends is None:
            return
        for end in ends:
            end.abort()
        self._client.after_tunnel()

    def _sent(self, data: bytes) -> None:
        self._idle.set(self._idle_s)
        self._capture.sent(data)

    def _received(self, data: bytes) -> None:
        self._idle.set(self._idle_s)
        self._capture.received(data)

    def _is_behind(self) -> bool:
        return self._capture.is_behind

    def _stood_still(self) -> None:
        """What was not taken until then may be taken in *timeout_s*."""
        assert self._ends is not None
        near, far = self._ends
        if self._is_idle:
            near.abort()
            far.abort()
            return
        self._is_idle = True
        self._idle.set(self._timeout_s)
        near.close()
        far.close()

    def _ending(self) -> None:
        """The client is about to know: what it has the end of, is recorded."""
        if self._ends is None:
            return
        near, far = self._ends
        if self._is_idle:
            text = f"nothing passed through the tunnel for {self._idle_s:g} s"
            self._capture.failure = Failure(FailureCode.TUNNEL_TIMEOUT, text)
        elif far.error is not None:
            text = "it reset the connection within the tunnel"
            self._capture.failure = Failure(FailureCode.UPSTREAM_RESET, text)
        elif near.error is not None:
            text = "the client reset the connection within the tunnel"
            self._capture.failure = Failure(FailureCode.CLIENT_DISCONNECT, text)
        self._finish()
