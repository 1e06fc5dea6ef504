"""Client connections: how one is read and answered, from request to request.

Its states are drawn in client_state.py. It is longer than other modules, as
a protocol is: what moves it from one state to the next is read side by side.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from monitor.traffic.exchange import Failure, FailureCode
from proxy.connections.client_state import (
    CLOSED,
    EXCHANGE,
    HEAD,
    IDLE,
    LINGERING,
    SETTLING,
    TUNNEL,
    ClientState,
)
from proxy.connections.client_writer import ClientWriter
from proxy.connections.listener import ExchangeListener, Refused
from proxy.connections.logins import Own
from proxy.connections.upload import Upload
from proxy.http1 import problems
from proxy.http1.request import Request
from proxy.http1.request_heads import RequestHeads, Unreadable
from proxy.sockets import half_closed
from proxy.sockets.deadline import Deadline
from proxy.sockets.outbox import Outbox
from proxy.sockets.reading import Reading

# A client that is refused may still be sending; if we closed at once, a reset could
# overtake the answer (RFC 9112 9.6).
LINGER_S: Final = 1.0
# What may come before its turn; beyond, the client is held back.
EARLY_BYTES: Final = 256 * 1024
GONE: Final = Failure(FailureCode.CLIENT_DISCONNECT, "the client went away")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    connections: int
    head_bytes: int
    head_timeout_s: float
    keepalive_s: float
    head_fields: int = 1_000


Serve = Callable[["ClientConnection", Request], ExchangeListener | Refused]


class ClientConnection(asyncio.Protocol):
    """One client connection; *serve* begins an exchange, or refuses the request."""

    def __init__(
        self,
        connections: set["ClientConnection"],
        *,
        serve: Serve,
        unrouted: Callable[[str], None],
        limits: Limits,
        outbox: Outbox,
    ) -> None:
        # As long as the proxy.
        self._connections = connections
        self._serve = serve
        self._unrouted = unrouted
        self._limits = limits
        # As long as the connection.
        self._state: ClientState = IDLE
        self.writer = ClientWriter(outbox)
        self.reading = Reading(self._go_on)
        self._heads = RequestHeads(
            most_bytes=limits.head_bytes, most_fields=limits.head_fields
        )
        self.deadline = Deadline(self._expired)
        self.peer = ""
        # Connections to upstreams that are not to be another's.
        self.own: Own | None = None
        # Whether its side has ended; whether ours is full; whether this request is its
        # last. Each may be so in any state.
        self._has_ended = False
        self.is_writing_paused = False
        self.is_draining = False
        # As long as an exchange.
        self._served: ExchangeListener | None = None
        self._upload: Upload | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._connections) >= self._limits.connections:
            self._unrouted("too_many_connections")
            self._state = CLOSED
            transport.abort()  # type: ignore[attr-defined]
            return
        self.writer.attach(transport)  # type: ignore[arg-type]
        self.reading.attach(transport)  # type: ignore[arg-type]
        peer = transport.get_extra_info("peername")
        self.peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self._connections.add(self)
        self.deadline.set(self._limits.keepalive_s)

    def data_received(self, data: bytes) -> None:
        state = self._state
        if state is IDLE or state is HEAD:
            self._read_head(data)
        elif state is EXCHANGE or state is SETTLING:
            upload = self._upload
            if upload is not None and upload.is_coming:
                upload.feed(data)
            else:
                self._keep_for_later(data)

    def eof_received(self) -> bool:
        """A client that has asked may end its side, and is answered all the same."""
        self._has_ended = True
        transport, state = self.writer.transport, self._state
        if transport is None or (state is not EXCHANGE and state is not SETTLING):
            return False
        upload = self._upload
        if upload is not None and upload.is_coming:
            if upload.end():
                return True
            self._cut()
            return False
        if state is EXCHANGE:
            self.writer.write_a_byte_ahead()
        half_closed.watch(transport)
        return True

    def connection_lost(self, error: BaseException | None) -> None:
        self._state = CLOSED
        self._connections.discard(self)
        self._leave()
        failure = GONE
        if error is not None and not isinstance(error, OSError):
            failure = Failure(FailureCode.INTERNAL, "the proxy failed")
        self._lose(failure)
        self._close_own()

    def pause_writing(self) -> None:
        self.is_writing_paused = True
        if self._served is not None:
            self._served.on_client_pause()

    def resume_writing(self) -> None:
        self.is_writing_paused = False
        if self._served is not None:
            self._served.on_client_resume()
        elif self._state is SETTLING:
            self._next()

    # What an exchange does.

    def exchange_over(self, *, keeps_alive: bool) -> None:
        """Its answer is written; the next one is not begun before it has left."""
        upload = self._upload
        self._served = self._upload = None
        if self._state is CLOSED:
            return
        if upload is not None and upload.is_coming:
            self._linger()
        elif not keeps_alive or self.is_draining:
            self._finish()
        elif self.is_writing_paused:
            self._state = SETTLING
            self.deadline.set(self._limits.keepalive_s)
        else:
            self._next()

    def break_off(self) -> None:
        """Break the connection, so that what was sent is not taken for whole."""
        self._state = CLOSED
        self._served = None
        self.writer.break_off()

    def take_early(self) -> bytes:
        """Bytes of the new protocol that the client sent with its request."""
        self._state = TUNNEL
        self.deadline.cancel()
        self.reading.attach(None)
        return self._heads.take()

    def after_tunnel(self) -> None:
        """The tunnel had the transport; this protocol's books are closed now."""
        self._state = CLOSED
        self._served = None
        self._leave()
        self._connections.discard(self)
        self._close_own()

    # What the listener does.

    def drain_out(self) -> None:
        """No further request; one that is being answered goes on."""
        self.is_draining = True
        if self._state is IDLE or self._state is HEAD:
            self._close()

    def abort(self) -> None:
        self.writer.abort()

    # Reading.

    def _read_head(self, data: bytes) -> None:
        try:
            request = self._heads.feed(data, self.peer)
        except Unreadable as found:
            self._refuse(found.status, found.code, found.detail)
            return
        if request is not None:
            self._begin(request)
        elif self._has_ended:
            self._close()
        elif not self._heads.held or self._state is IDLE:
            self._state = HEAD if self._heads.held else IDLE
            self.deadline.set(self._limits.head_timeout_s)

    def _begin(self, request: Request) -> None:
        self.writer.begin()
        served = self._serve(self, request)
        if isinstance(served, Refused):
            self._answer(served)
            return
        self._state = EXCHANGE
        self._served = served
        body = request.body(served.keep_sent)
        if body is None:
            served.start(b"", is_complete=True)
            return
        self._upload = Upload(
            served,
            body,
            heads=self._heads,
            reading=self.reading,
            has_ended=self._has_ended,
            cut=self._cut,
        )
        self._upload.start()

    def _go_on(self) -> None:
        """With what has come of a body."""
        upload = self._upload
        if upload is not None and upload.is_coming and self._state is EXCHANGE:
            upload.go_on()

    def _keep_for_later(self, data: bytes) -> None:
        self._heads.held += data
        if len(self._heads.held) > EARLY_BYTES:
            self.reading.hold()

    # From one request to the next, and to the end.

    def _answer(self, refused: Refused) -> None:
        self.writer.write(refused.content)
        if refused.keeps_alive:
            self.exchange_over(keeps_alive=True)
        else:
            self._linger()

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer what is no request: counted, no log, and the connection ends."""
        self._unrouted(code)
        lines, body = problems.problem(status, code, detail, is_head=False)
        self.writer.write(problems.answer(status, f"{lines}{problems.CLOSE}", body))
        self._linger()

    def _next(self) -> None:
        if self._heads.held:
            # What comes before that turn comes behind it.
            self._state = SETTLING
            asyncio.get_running_loop().call_soon(self._read_early)
        elif self._has_ended:
            self._finish()
        else:
            self._state = IDLE
            self.deadline.set(self._limits.keepalive_s)

    def _read_early(self) -> None:
        if self._state is not SETTLING:
            return
        if self.is_draining:
            self._finish()
            return
        self._state = IDLE
        self.reading.release()
        early = self._heads.take()
        if early:
            self._read_head(early)

    def _finish(self) -> None:
        if self._heads.held:
            self._linger()
        else:
            self._close()

    def _close(self) -> None:
        self._state = CLOSED
        self.writer.close()

    def _linger(self) -> None:
        """What still comes is read and forgotten, for a moment."""
        self._heads.held = b""
        transport = self.writer.transport
        if transport is None or self._has_ended or not transport.can_write_eof():
            self._close()
            return
        self._state = LINGERING
        self.reading.release()
        transport.write_eof()
        self.deadline.set(LINGER_S)

    def _expired(self) -> None:
        if self._served is not None:
            self._served.on_expired()
        elif self._state is HEAD:
            self._refuse(408, "head_timeout", "the head took too long")
        else:
            self.abort()

    def _cut(self) -> None:
        """It ended its side within a body."""
        self._lose(GONE)
        self._close()

    def _lose(self, failure: Failure) -> None:
        served = self._served
        self._served = self._upload = None
        self._state = CLOSED
        if served is not None:
            served.on_client_gone(failure)

    def _close_own(self) -> None:
        if self.own is not None:
            self.own.close()

    def _leave(self) -> None:
        self.writer.attach(None)
        self.reading.leave()
        self.deadline.leave()
