"""Uploads: the body of one request, handed to its exchange as it comes."""

from collections.abc import Callable

from proxy.connections.listener import ExchangeListener
from proxy.http1.bodies import Body
from proxy.http1.lines import Malformed
from proxy.http1.request_heads import RequestHeads
from proxy.sockets.reading import LARGE_BYTES, Reading


class Upload:
    """Of what comes, the rest goes back to *heads*.

    *has_ended*: the client sends no more; where that is not all, *cut* is called.
    """

    __slots__ = ("_body", "_cut", "_has_ended", "_heads", "_reading", "_served")

    def __init__(
        self,
        served: ExchangeListener,
        body: Body,
        *,
        heads: RequestHeads,
        reading: Reading,
        has_ended: bool,
        cut: Callable[[], None],
    ) -> None:
        self._served = served
        self._body = body
        self._heads = heads
        self._reading = reading
        self._cut = cut
        self._has_ended = has_ended

    @property
    def is_coming(self) -> bool:
        """Whether there is to be more of it."""
        return not self._body.is_complete

    def start(self) -> None:
        """The exchange begins, with what came of the body behind the head."""
        data = self._heads.take()
        piece = self._fed(data) if data else b""
        if piece is not None:
            self._served.start(piece, is_complete=self._body.is_complete)
            self._note_end()

    def feed(self, data: bytes) -> None:
        piece = self._fed(data)
        if piece is None:
            return
        self._served.on_client_piece(piece, is_complete=self._body.is_complete)
        if len(data) >= LARGE_BYTES:
            self._reading.later()
        self._note_end()

    def go_on(self) -> None:
        """In a turn of its own: with what has come."""
        if self._body.has_more:
            self.feed(b"")
        else:
            self._note_end()

    def end(self) -> bool:
        """The client sends no more; whether what it sent is still to be read."""
        self._has_ended = True
        return self._reading.is_behind

    def _fed(self, data: bytes) -> bytes | None:
        """What may pass on; None where the body is broken, which ends the exchange."""
        body = self._body
        try:
            piece = body.feed(data)
        except Malformed:
            self._served.on_client_malformed()
            return None
        if body.is_complete:
            self._heads.held = body.rest
        return piece

    def _note_end(self) -> None:
        """Of what was read: there may be more, or nothing may follow."""
        if self._body.has_more:
            self._reading.later()
        elif self._has_ended and self.is_coming:
            self._cut()
