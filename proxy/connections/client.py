"""How one client connection is read and written: head, body, answer, and the next."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from monitor.network.sockets import RESET
from monitor.traffic.exchange import Failure, FailureCode
from proxy.connections.listener import ExchangeListener
from proxy.connections.logins import Own
from proxy.http1 import problems
from proxy.http1.bodies import Body
from proxy.http1.heads import EMPTY_LINES, END, NO_TEXT, Malformed, request_line
from proxy.http1.request import Request, RequestFields
from proxy.sockets import half_closed
from proxy.sockets.deadline import Deadline
from proxy.sockets.outbox import Outbox
from proxy.sockets.reading import LARGE_BYTES, Reading

# A client that is refused may still be sending; if we closed at once, a reset could
# overtake the answer (RFC 9112 9.6).
LINGER_S: Final = 1.0
# What may come before its turn; beyond, the client is held back.
EARLY_BYTES: Final = 256 * 1024
# The lines of a head that is longer are read anew each time.
REMEMBERED_BYTES: Final = 4096
# Of each head that is sent to a client.
FIRST_BYTE: Final = b"H"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    connections: int
    head_bytes: int
    head_timeout_s: float
    keepalive_s: float
    head_fields: int = 1_000


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer of our own, because the request is for no service."""

    content: bytes
    keeps_alive: bool


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
        self._connections = connections
        self._outbox = outbox
        self._serve = serve
        self._unrouted = unrouted
        self._limits = limits
        self._transport: asyncio.Transport | None = None
        self._served: ExchangeListener | None = None
        self._body: Body | None = None
        self._early = b""
        # Of the last request: the next one often has the same.
        self._fields: RequestFields | None = None
        self._began = 0.0
        self._is_deaf = False
        self._is_settling = False
        self._reading = Reading(self._go_on)
        self._has_ended = False
        self._is_a_byte_ahead = False
        self.peer = ""
        self.is_writing_paused = False
        self.is_draining = False
        self.has_sent = False
        # Connections to upstreams that are not to be another's.
        self.own: Own | None = None
        self.deadline = Deadline(self._expired)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._connections) >= self._limits.connections:
            self._unrouted("too_many_connections")
            self._is_deaf = True
            transport.abort()  # type: ignore[attr-defined]
            return
        self._transport = transport  # type: ignore[assignment]
        self._reading.attach(self._transport)
        peer = transport.get_extra_info("peername")
        self.peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self._connections.add(self)
        self.deadline.set(self._limits.keepalive_s)

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        if self._body is not None:
            self._read_body(self._body, data)
        elif self._served is None and not self._is_settling:
            self._read_head(data)
        else:
            self._keep_for_later(data)

    def eof_received(self) -> bool:
        """A client that has asked may end its side, and is answered all the same."""
        self._has_ended = True
        self._outbox.flush()
        if self._is_deaf or self._transport is None:
            return False
        if self._body is not None:
            if self._reading.is_behind:
                return True
            self._lose_client()
            return False
        if self._served is None and not self._is_settling:
            return False
        if not self.has_sent and not self._is_settling:
            self.write(FIRST_BYTE)
            self._is_a_byte_ahead = True
        half_closed.watch(self._transport)
        return True

    def connection_lost(self, error: BaseException | None) -> None:
        self._connections.discard(self)
        self.deadline.cancel()
        self._transport = None
        self._reading.attach(None)
        if error is None or isinstance(error, OSError):
            self._lose_client()
        elif self._served is not None:
            self._lose(Failure(FailureCode.INTERNAL, "the proxy failed"))
        self._close_own()

    def pause_writing(self) -> None:
        self.is_writing_paused = True
        if self._served is not None:
            self._served.on_client_pause()

    def resume_writing(self) -> None:
        self.is_writing_paused = False
        if self._served is not None:
            self._served.on_client_resume()
        elif self._is_settling:
            self._is_settling = False
            self._next()

    # What an exchange does.

    @property
    def transport(self) -> asyncio.Transport | None:
        """With nothing left to be written, for who takes it over or ends it."""
        self._outbox.flush()
        return self._transport

    @property
    def is_answered(self) -> bool:
        """Whether nothing is owed to it."""
        return self._served is None and not self._is_settling

    def write(self, content: bytes) -> None:
        if self._transport is None:
            return
        if self._is_a_byte_ahead:
            self._is_a_byte_ahead = False
            content = content[1:]
        self.has_sent = True
        self._outbox.put(self._transport, content)

    def pause_reading(self) -> None:
        self._reading.hold()

    def resume_reading(self) -> None:
        self._reading.release()

    def exchange_over(self, *, keeps_alive: bool) -> None:
        """Its answer is written; the next one is not begun before it has left."""
        self._served = None
        if not keeps_alive or self.is_draining:
            self._finish()
        elif self.is_writing_paused:
            self._is_settling = True
            self.deadline.set(self._limits.keepalive_s)
        else:
            self._next()

    def break_off(self) -> None:
        """Break the connection, so that what was sent is not taken for whole."""
        self._served = None
        transport = self.transport
        if transport is None:
            return
        if self.has_sent:
            connection = transport.get_extra_info("socket")
            # A reset, not a FIN, which would end a body that has no length.
            connection.setsockopt(*RESET)
        transport.abort()

    def take_early(self) -> bytes:
        """Bytes of the new protocol that the client sent with its request."""
        early, self._early = self._early, b""
        self.deadline.cancel()
        self._reading.attach(None)
        return early

    def after_tunnel(self) -> None:
        """The tunnel had the transport; this protocol's books are closed now."""
        self._served = None
        self._transport = None
        self._reading.attach(None)
        self._connections.discard(self)
        self._close_own()

    def drain_out(self) -> None:
        """No further request; one that is being answered goes on."""
        self.is_draining = True
        if self.is_answered and not self._is_deaf:
            self._close()

    def refuse(self, status: int, code: str, detail: str) -> None:
        """Answer what is no request: counted, no log, and the connection ends."""
        self._unrouted(code)
        lines, body = problems.problem(status, code, detail, is_head=False)
        self.write(problems.answer(status, f"{lines}{problems.CLOSE}", body))
        self._linger()

    def abort(self) -> None:
        transport = self.transport
        if transport is not None:
            transport.abort()

    # Reading.

    def _read_head(self, data: bytes) -> None:
        searched = len(self._early)
        if searched:
            data = self._early + data
            self._early = b""
        else:
            self._began = perf_counter()
        if data.startswith(b"\r\n"):
            # RFC 9112 2.2.
            data = EMPTY_LINES.sub(b"", data)
            searched = 0
        end = data.find(END, max(0, searched - 3)) + len(END)
        if end < len(END):
            self._hold_head(data, searched)
        elif end > self._limits.head_bytes:
            self.refuse(431, "head_too_large", "the head is over HEAD_LIMIT_BYTES")
        elif data.count(b"\n", 0, end) > self._limits.head_fields + 2:
            detail = "the head has over HEAD_LIMIT_FIELDS fields"
            self.refuse(431, "head_too_large", detail)
        else:
            self._begin(data[:end], data[end:])

    def _hold_head(self, data: bytes, searched: int) -> None:
        """It has not come whole."""
        if len(data) > self._limits.head_bytes:
            self.refuse(431, "head_too_large", "the head is over HEAD_LIMIT_BYTES")
        elif NO_TEXT.search(data, max(0, searched - 1)):
            self.refuse(400, "malformed", "the request is not HTTP/1.1")
        elif self._has_ended:
            self._finish()
        else:
            self._early = data
            if not searched:
                self.deadline.set(self._limits.head_timeout_s)

    def _begin(self, head: bytes, rest: bytes) -> None:
        self.has_sent = False
        try:
            request = self._request(head)
        except Malformed as malformed:
            self.refuse(400, "malformed", str(malformed))
            return
        served = self._serve(self, request)
        if isinstance(served, Refused):
            self._early = rest
            self._answer(served)
            return
        self._served = served
        body = request.body(served.keep_sent)
        if body is None:
            self._early = rest
            served.start(b"", is_complete=True)
            return
        self._body = body
        try:
            piece = body.feed(rest) if rest else b""
        except Malformed:
            self._body_is_broken(served)
            return
        self._note_body(body)
        served.start(piece, is_complete=body.is_complete)
        self._note_end(body)

    def _request(self, head: bytes) -> Request:
        """Raises Malformed."""
        line_end = head.index(b"\r\n") + 2
        line, content = request_line(head[:line_end]), head[line_end:]
        fields = self._fields
        if (
            fields is None
            or fields.content != content
            or fields.is_http_1_0 != line.is_http_1_0
        ):
            fields = RequestFields(content, is_http_1_0=line.is_http_1_0)
            self._fields = fields if len(content) <= REMEMBERED_BYTES else None
        return Request(line, fields, peer=self.peer, began=self._began)

    def _answer(self, refused: Refused) -> None:
        self.write(refused.content)
        if refused.keeps_alive:
            self.exchange_over(keeps_alive=True)
        else:
            self._linger()

    def _read_body(self, body: Body, data: bytes) -> None:
        served = self._served
        assert served is not None
        try:
            piece = body.feed(data)
        except Malformed:
            self._body_is_broken(served)
            return
        self._note_body(body)
        served.on_client_piece(piece, is_complete=body.is_complete)
        if len(data) >= LARGE_BYTES:
            self._reading.later()
        self._note_end(body)

    def _go_on(self) -> None:
        body = self._body
        if body is None or self._is_deaf:
            return
        if body.has_more:
            self._read_body(body, b"")
        else:
            self._note_end(body)

    def _note_body(self, body: Body) -> None:
        if body.is_complete:
            self._body = None
            self._early = body.rest

    def _note_end(self, body: Body) -> None:
        """Of what was read: there may be more, or nothing may follow."""
        if body.has_more:
            self._reading.later()
        elif self._has_ended and self._body is body:
            self._lose_client()

    def _body_is_broken(self, served: ExchangeListener) -> None:
        self._is_deaf = True
        served.on_client_malformed()

    def _keep_for_later(self, data: bytes) -> None:
        self._early += data
        if len(self._early) > EARLY_BYTES:
            self.pause_reading()

    # From one request to the next, and to the end.

    def _next(self) -> None:
        if self._early:
            # What comes before that turn comes behind it.
            self._is_settling = True
            asyncio.get_running_loop().call_soon(self._read_early)
        elif self._has_ended:
            self._finish()
        else:
            self.deadline.set(self._limits.keepalive_s)

    def _read_early(self) -> None:
        if not self._is_settling or self._transport is None or self._is_deaf:
            return
        self._is_settling = False
        if self.is_draining:
            self._finish()
            return
        self.resume_reading()
        early, self._early = self._early, b""
        if early:
            self._read_head(early)

    def _finish(self) -> None:
        if self._body is not None or self._early or self._is_deaf:
            self._linger()
        else:
            self._close()

    def _close(self) -> None:
        transport = self.transport
        if transport is not None:
            transport.close()

    def _linger(self) -> None:
        """What still comes is read and forgotten, for a moment."""
        self._is_deaf = True
        self._early, self._body = b"", None
        transport = self.transport
        if transport is None:
            return
        if self._has_ended or not transport.can_write_eof():
            transport.close()
            return
        self.resume_reading()
        transport.write_eof()
        self.deadline.set(LINGER_S)

    def _expired(self) -> None:
        if self._served is not None:
            self._served.on_expired()
        elif self._early and not self._is_settling and not self._is_deaf:
            self.refuse(408, "head_timeout", "the head took too long")
        else:
            self.abort()

    def _close_own(self) -> None:
        if self.own is not None:
            self.own.close()

    def _lose_client(self) -> None:
        self._lose(Failure(FailureCode.CLIENT_DISCONNECT, "the client went away"))

    def _lose(self, failure: Failure) -> None:
        served, self._served = self._served, None
        self._body = None
        if served is not None:
            served.on_client_gone(failure)
