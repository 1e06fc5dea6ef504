"""What becomes of two connections once an upgrade is agreed."""

import asyncio

from monitor.exchange import Failure, FailureCode
from proxy.capture import Capture
from proxy.client import ClientConnection
from proxy.tunnel import TunnelEnd, tunnel
from proxy.upstream import UpstreamConnection


class Switched:
    """A tunnel from client to upstream, and what *capture* is told of it."""

    def __init__(
        self,
        client: ClientConnection,
        connection: UpstreamConnection,
        capture: Capture,
        *,
        timeout_s: float,
    ) -> None:
        self._client = client
        self._capture = capture
        self._timeout_s = timeout_s
        self._ends: tuple[TunnelEnd, TunnelEnd] | None = None
        near_side, far_side = client.transport, connection.transport
        if near_side is None or far_side is None:
            # It ended with its head; there is nothing to join.
            capture.received(connection.after_upgrade)
            client.write(connection.after_upgrade)
            return
        near, far = self._ends = tunnel(
            near_side,
            far_side,
            note_sent=capture.sent,
            note_received=capture.received,
        )
        near.begin(client.take_early(), has_ended=False)
        far.begin(connection.after_upgrade, has_ended=connection.has_ended)

    async def over(self) -> None:
        if self._ends is None:
            return
        near, far = self._ends
        ends = [near.over, far.over]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        # What the other side has not taken yet, it may take in *timeout_s*.
        await asyncio.wait(ends, timeout=self._timeout_s)
        if far.error is not None:
            text = "it reset the connection within the tunnel"
            self._capture.failure = Failure(FailureCode.UPSTREAM_RESET, text)
        elif near.error is not None:
            text = "the client reset the connection within the tunnel"
            self._capture.failure = Failure(FailureCode.CLIENT_DISCONNECT, text)

    def close(self) -> None:
        if self._ends is None:
            return
        for end in self._ends:
            end.abort()
        self._client.after_tunnel()
