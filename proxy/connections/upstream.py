"""How one connection to an upstream is spoken to: one exchange at a time."""

import asyncio
import ssl
from time import perf_counter
from typing import Final

from monitor.traffic.exchange import Failure, FailureCode
from proxy.connections.listener import ExchangeListener
from proxy.http1.bodies import Body
from proxy.http1.heads import END, NO_TEXT, Malformed, response_head
from proxy.http1.response import Answer
from proxy.sockets import kernel
from proxy.sockets.outbox import Outbox
from proxy.sockets.reading import LARGE_BYTES, Reading
from proxy.sockets.underneath import Underneath

BEGINNING: Final = b"HTTP/1."
# A longer head is read anew each time.
REMEMBERED_BYTES: Final = 4096
# A head that is still coming may be followed by so much of a body.
EARLY_BYTES: Final = 256 * 1024
HEAD_FIELDS: Final = 1_000
# Each 1xx head begins the upstream's silence anew; a flood of them is no answer.
MAX_INTERIM: Final = 1_000
# Read at once.
HEADS_AT_ONCE: Final = 50
# Events are read as they pass, which costs more than passing: so much of them at once.
EVENT_BYTES: Final = 4 * 1024


class Broken(Exception):
    """The upstream did not do its part; *failure* says how."""

    def __init__(self, code: FailureCode, text: str) -> None:
        super().__init__(text)
        self.failure = Failure(code, text)


class UpstreamConnection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(
        self, *, head_limit: int, outbox: Outbox, head_fields: int = HEAD_FIELDS
    ) -> None:
        self._head_limit = head_limit
        self._head_fields = head_fields
        self._outbox = outbox
        self._transport: asyncio.Transport | None = None
        self._receiver: ExchangeListener | None = None
        self._method = ""
        self._head = b""
        # How much of it is known to hold no end.
        self._searched = 0
        self._answer: Answer | None = None
        self._known: tuple[bytes, str, Answer] | None = None
        self._body: Body | None = None
        self._unread = b""
        self._reading = Reading(self._go_on)
        self._loss: tuple[Exception | None] | None = None
        self._was_used = False
        # Whether nothing was asked yet, and what came all the same.
        self._is_fresh = True
        self._early = b""
        self._is_tls_pending = False
        # Whether it answered before it had all of the request.
        self._is_early = False
        self._may_stay = True
        self.is_writing_paused = False
        self.has_answered = False
        # What TLS stands on, until there is an upload over it.
        self.below: asyncio.Transport | None = None
        # When it was made, and how long that took; whoever makes it measures it.
        self.made_at = 0.0
        self.connect_s = 0.0
        self.tls_s: float | None = None
        # When the final head's first bytes came, and when it was whole.
        self.head_began = 0.0
        self.head_read = 0.0
        self.after_upgrade = b""
        self.has_ended = False

    # What the asker does.

    def begin(self, receiver: ExchangeListener, method: str) -> None:
        """Another exchange on this connection."""
        self._receiver = receiver
        self._method = method
        self._answer = self._body = None
        self._unread = b""
        self._interim = 0
        self.has_answered = False
        self._is_early = False
        if self.below is not None and receiver.is_upload:
            Underneath(self.below)
            self.below = None
        self._was_used = not self._is_fresh
        if self._is_fresh:
            self._is_fresh = False
            if self._early or self._loss is not None:
                asyncio.get_running_loop().call_soon(self._take_early)

    def end(self) -> None:
        """The exchange is over; what comes now belongs to nobody."""
        self._receiver = None
        self._unread = b""
        self.resume_reading()

    @property
    def transport(self) -> asyncio.Transport | None:
        """With nothing left to be written, for who takes it over."""
        self._outbox.flush()
        return self._transport

    @property
    def is_usable(self) -> bool:
        """Whether another exchange may begin: it stands, and the last one is over."""
        transport = self._transport
        return self._may_stay and transport is not None and not transport.is_closing()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come that was not read: bytes, a FIN, a reset."""
        return self._transport is not None and kernel.is_quiet(self._transport)

    def write(self, content: bytes) -> None:
        if self._transport is not None:
            self._outbox.put(self._transport, content)

    def pause_reading(self) -> None:
        self._reading.hold()

    def resume_reading(self) -> None:
        self._reading.release()

    def close(self) -> None:
        self._may_stay = False
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._reading.attach(self._transport)

    def data_received(self, data: bytes) -> None:
        receiver = self._receiver
        if receiver is None:
            self._take_unasked(data)
        elif self._answer is None:
            self._read_heads(receiver, data)
        elif self._body is not None:
            self._read_body(receiver, self._body, self._unread + data)
        else:
            self._keep_for_tunnel(data)

    def eof_received(self) -> bool:
        """A protocol that was switched to may be closed by half."""
        self.has_ended = True
        answer, transport = self._answer, self._transport
        return (
            answer is not None
            and answer.status == 101
            and transport is not None
            and transport.can_write_eof()
        )

    def connection_lost(self, error: Exception | None) -> None:
        transport, self._transport = self._transport, None
        self._may_stay = False
        self._reading.attach(None)
        if error is not None and transport is not None and self._receiver is not None:
            self._read_rest(transport)
        self._is_tls_pending = transport is not None and _lacks_ticket(transport)
        if self._reading.is_behind or self._is_fresh:
            # What came before is told before.
            self._loss = (error,)
        else:
            self._lost(error)

    def _read_rest(self, transport: asyncio.Transport) -> None:
        """What has been received is read before a failed write counts.

        An upstream that answers early and closes, resets what is still being sent to
        it; its answer lies in the socket, which is open until this returns.
        """
        if self.tls_s is None:
            for data in kernel.unread(transport):
                if self._receiver is not None:
                    self.data_received(data)

    def _lost(self, error: Exception | None) -> None:
        receiver = self._receiver
        if receiver is None:
            return
        self._receiver = None
        answer = self._answer
        # Who resets what it did not want to read says nothing about its answer's end.
        is_ended = error is None or (
            isinstance(error, OSError) and not receiver.is_sent
        )
        if answer is not None and answer.ends_with_connection and is_ended:
            receiver.on_piece(b"", is_complete=True)
        else:
            receiver.on_broken(self._failure(error))

    def _failure(self, error: Exception | None) -> Failure:
        if error is not None and not isinstance(error, OSError):
            return Failure(FailureCode.INTERNAL, "the proxy failed")
        if not (self.has_answered or self._was_used):
            # In TLS 1.3 ours is done before the other side has judged it, as where it
            # wants a certificate of us. It says so, or only closes.
            if isinstance(error, ssl.SSLError):
                text = f"it ended TLS without an answer: {error.reason or 'no TLS'}"
                return Failure(FailureCode.TLS, text)
            if self._is_tls_pending:
                text = "it closed before its side of the TLS handshake was done"
                return Failure(FailureCode.TLS, text)
        return Failure(FailureCode.UPSTREAM_RESET, self._where())

    def _take_unasked(self, data: bytes) -> None:
        """Before the first request it may be an answer, as of one that is too busy.

        Behind an exchange it belongs to none: the connection is of no more use.
        """
        self._early += data
        if not self._is_fresh or len(self._early) > EARLY_BYTES:
            self._early = b""
            self.close()

    def _take_early(self) -> None:
        early, self._early = self._early, b""
        if early:
            self.data_received(early)
        if self._loss is not None and not self._reading.is_behind:
            self._lost(self._loss[0])

    def pause_writing(self) -> None:
        self.is_writing_paused = True
        if self._receiver is not None:
            self._receiver.on_pause()

    def resume_writing(self) -> None:
        self.is_writing_paused = False
        if self._receiver is not None:
            self._receiver.on_resume()

    # Reading.

    def _go_on(self) -> None:
        """In a turn of its own: more of what came is read, if there is more."""
        receiver, body = self._receiver, self._body
        if receiver is None:
            return
        if receiver.is_behind():
            self._reading.later()
        elif self._answer is None:
            if self._head:
                self._read_heads(receiver, b"")
        elif body is not None and (body.has_more or self._unread):
            self._read_body(receiver, body, self._unread)
        if self._loss is not None and not self._reading.is_behind:
            self._lost(self._loss[0])

    def _read_heads(self, receiver: ExchangeListener, data: bytes) -> None:
        """1xx heads, as many as there are, then the final one with what follows it."""
        searched, self._searched = self._searched, 0
        data = self._with_held(data)
        most = self._interim + HEADS_AT_ONCE
        while data and self._receiver is not None:
            end = data.find(END, searched) + len(END)
            if end < len(END):
                self._hold_head(receiver, data, searched)
                return
            searched = 0
            if end > self._head_limit:
                self._malformed(receiver, "its head is too large")
                return
            try:
                answer = self._read_head(data[:end])
            except Malformed as malformed:
                self._malformed(receiver, f"its answer is not HTTP: {malformed}")
                return
            data = data[end:]
            if not answer.is_interim:
                if not (self._gives_up(answer) and receiver.asks_again()):
                    self._begin_answer(receiver, answer, data)
                return
            self._pass_interim(receiver, answer)
            if self._interim == most:
                self._head = data
                self._reading.later()
                return

    def _with_held(self, data: bytes) -> bytes:
        """*data* behind what is there of a head."""
        self.has_answered = True
        held, self._head = self._head, b""
        if held:
            return held + data
        self.head_began = perf_counter()
        return data

    def _pass_interim(self, receiver: ExchangeListener, answer: Answer) -> None:
        self._interim += 1
        if self._interim > MAX_INTERIM:
            self._malformed(receiver, f"it sent over {MAX_INTERIM} 1xx heads")
        else:
            receiver.on_interim(answer)

    def _read_head(self, head: bytes) -> Answer:
        """The last one again, where its bytes are the same. Raises Malformed."""
        known = self._known
        if known is not None and known[0] == head and known[1] == self._method:
            return known[2]
        if head.count(b"\n") > self._head_fields + 2:
            raise Malformed("its head has over HEAD_LIMIT_FIELDS fields")
        answer = Answer(response_head(head), method=self._method)
        is_short = len(head) <= REMEMBERED_BYTES
        self._known = (head, self._method, answer) if is_short else None
        return answer

    def _hold_head(
        self, receiver: ExchangeListener, data: bytes, searched: int
    ) -> None:
        """It has not come whole."""
        if not BEGINNING.startswith(data[: len(BEGINNING)]):
            self._malformed(receiver, "its answer is not HTTP")
        elif len(data) > self._head_limit:
            self._malformed(receiver, "its head is too large")
        elif NO_TEXT.search(data, max(0, searched - 1)):
            self._malformed(
                receiver, "its head is outside of the grammar, as a bare LF"
            )
        else:
            self._head = data
            self._searched = max(len(data) - len(END) + 1, 0)

    def _begin_answer(
        self, receiver: ExchangeListener, answer: Answer, data: bytes
    ) -> None:
        self._answer = answer
        self.head_read = perf_counter()
        self._is_early = receiver.is_upload and self._is_unread(receiver)
        self._may_stay = (
            answer.keeps_alive
            and not answer.ends_with_connection
            and not self._is_early
        )
        take = receiver.on_head(answer)
        if answer.status == 101:
            self._may_stay = False
            self.after_upgrade = data
            # Who takes the transport over sees to its reading.
            self._reading.attach(None)
            receiver.on_answer(answer, b"", is_complete=False)
            return
        body = self._body = answer.body(take)
        if body is None:
            self._note_rest(data)
            receiver.on_answer(answer, b"", is_complete=True)
            return
        try:
            piece = self._feed(answer, body, data) if data else b""
        except Malformed as malformed:
            self._malformed(receiver, f"its body is broken: {malformed}")
            return
        receiver.on_answer(answer, piece, is_complete=body.is_complete)
        self._note_more(receiver, body, len(data))

    def _gives_up(self, answer: Answer) -> bool:
        """An upstream that closes an idle connection may say so, to nobody."""
        return answer.status == 408 and self._was_used and not answer.keeps_alive

    def _is_unread(self, receiver: ExchangeListener) -> bool:
        """Whether it cannot have read all of the request, so that more of it comes."""
        transport = self.transport
        if not receiver.is_sent or transport is None:
            return True
        return kernel.is_unsent(transport)

    def _read_body(self, receiver: ExchangeListener, body: Body, data: bytes) -> None:
        answer = self._answer
        assert answer is not None
        try:
            piece = self._feed(answer, body, data)
        except Malformed as malformed:
            self._malformed(receiver, f"its body is broken: {malformed}")
            return
        receiver.on_piece(piece, is_complete=body.is_complete)
        self._note_more(receiver, body, len(data))

    def _feed(self, answer: Answer, body: Body, data: bytes) -> bytes:
        """Raises Malformed."""
        self._unread = b""
        if len(data) > EVENT_BYTES and answer.is_event_stream:
            self._unread, data = data[EVENT_BYTES:], data[:EVENT_BYTES]
        piece = body.feed(data)
        self._note_rest(body.rest)
        if body.is_complete:
            self._note_rest(self._unread)
        return piece

    def _note_more(self, receiver: ExchangeListener, body: Body, size: int) -> None:
        if self._receiver is not receiver or body.is_complete:
            return
        is_large = size >= LARGE_BYTES
        if is_large or body.has_more or self._unread or receiver.is_behind():
            self._reading.later()

    def _note_rest(self, rest: bytes) -> None:
        """Bytes after the end of an answer make the connection suspect."""
        if rest:
            self._may_stay = False

    def _malformed(self, receiver: ExchangeListener, text: str) -> None:
        self._receiver = None
        self.close()
        receiver.on_broken(Failure(FailureCode.UPSTREAM_MALFORMED, text))

    def _keep_for_tunnel(self, data: bytes) -> None:
        """Bytes of the new protocol that came before the tunnel stood."""
        self.after_upgrade += data
        if len(self.after_upgrade) > EARLY_BYTES:
            self.pause_reading()

    def _where(self) -> str:
        if self._answer is not None:
            return "it closed the connection before the end of its body"
        if self.has_answered:
            return "it closed the connection within its head"
        return "it closed the connection without an answer"


def _lacks_ticket(transport: asyncio.Transport) -> bool:
    """Whether a server of TLS 1.3 has not sent what it does once all is well."""
    tls = transport.get_extra_info("ssl_object")
    if tls is None or tls.version() != "TLSv1.3":
        return False
    session = tls.session
    return session is not None and not session.has_ticket
