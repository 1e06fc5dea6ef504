"""Upstream connections: how one is asked and read, one exchange at a time.

Its states are drawn in upstream_state.py. It is longer than other modules, as
a protocol is: what moves it from one state to the next is read side by side.
"""

import asyncio
from time import perf_counter
from typing import Final

from monitor.traffic.exchange import Failure, FailureCode
from proxy.connections.failures import Loss
from proxy.connections.listener import ExchangeListener
from proxy.connections.upstream_state import (
    AWAITING,
    BODY,
    CLOSED,
    FRESH,
    HEAD,
    IDLE,
    TUNNEL,
    UpstreamState,
)
from proxy.http1.answer_heads import AnswerHeads
from proxy.http1.bodies import Body
from proxy.http1.lines import Malformed
from proxy.http1.response import Answer
from proxy.sockets import kernel
from proxy.sockets.outbox import Outbox
from proxy.sockets.reading import LARGE_BYTES, Reading
from proxy.sockets.underneath import Underneath

# A head that is still coming may be followed by so much of a body.
EARLY_BYTES: Final = 256 * 1024
HEAD_FIELDS: Final = 1_000
# Each 1xx head begins the upstream's silence anew; a flood of them is no answer.
MAX_INTERIM: Final = 1_000
# Read at once.
HEADS_AT_ONCE: Final = 50


class UpstreamConnection(asyncio.Protocol):
    """One keep-alive connection."""

    _reading: Reading

    def __init__(
        self, *, head_limit: int, outbox: Outbox, head_fields: int = HEAD_FIELDS
    ) -> None:
        # As long as the connection.
        self._outbox = outbox
        self._state: UpstreamState = FRESH
        self._transport: asyncio.Transport | None = None
        self._heads = AnswerHeads(most_bytes=head_limit, most_fields=head_fields)
        # What came while it was FRESH, and a loss that is not told yet.
        self._early = b""
        self._loss: Loss | None = None
        self.is_writing_paused = False
        # When it was made, and how long that took; whoever makes it measures it.
        self.made_at = 0.0
        self.connect_s = 0.0
        self.tls_s: float | None = None
        # What TLS stands on, until there is an upload over it.
        self.below: asyncio.Transport | None = None
        # As long as an exchange.
        self._receiver: ExchangeListener | None = None
        self._answer: Answer | None = None
        self._body: Body | None = None
        self._interim = 0
        # Whether there was one before it, and whether there may be one after it.
        self._was_used = False
        self._may_stay = True
        # When the final head was whole.
        self.head_read = 0.0
        # As long as a tunnel: what came before it stood, and whether its end did.
        self.after_upgrade = b""
        self.has_ended = False

    # What the asker does.

    def begin(self, receiver: ExchangeListener, method: str) -> None:
        """Another exchange on this connection."""
        self._receiver = receiver
        self._heads.begin(method)
        self._answer = self._body = None
        self._interim = 0
        if self.below is not None and receiver.is_upload:
            Underneath(self.below)
            self.below = None
        self._was_used = self._state is not FRESH
        self._state = AWAITING
        if self._early or self._loss is not None:
            asyncio.get_running_loop().call_soon(self._take_early)

    def end(self) -> None:
        """The exchange is over; what comes now belongs to nobody."""
        if self._state is not CLOSED:
            self._state = IDLE
        self._receiver = self._answer = self._body = None
        self.resume_reading()

    @property
    def transport(self) -> asyncio.Transport | None:
        """With nothing left to be written, for who takes it over."""
        self._outbox.flush()
        return self._transport

    @property
    def has_answered(self) -> bool:
        """Whether anything came since it was asked."""
        return self._heads.began > 0.0

    @property
    def head_began(self) -> float:
        """When the final head's first bytes came."""
        return self._heads.began

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
        # Not before: where none is made, nothing ends what would hold itself.
        self._reading = Reading(self._go_on)
        self._reading.attach(self._transport)

    def data_received(self, data: bytes) -> None:
        receiver, state = self._receiver, self._state
        if receiver is None:
            self._take_unasked(data)
        elif state is BODY:
            self._read_body(receiver, data)
        elif state is TUNNEL:
            self._keep_for_tunnel(data)
        else:
            self._read_heads(receiver, data)

    def eof_received(self) -> bool:
        """A protocol that was switched to may be closed by half."""
        self.has_ended = True
        transport = self._transport
        return (
            self._state is TUNNEL
            and transport is not None
            and transport.can_write_eof()
        )

    def connection_lost(self, error: Exception | None) -> None:
        transport, self._transport = self._transport, None
        self._may_stay = False
        self._reading.attach(None)
        if error is not None and transport is not None and self._receiver is not None:
            self._read_rest(transport)
        loss = Loss(error, transport)
        if self._reading.is_behind or self._state is FRESH:
            # What came before is told before.
            self._loss = loss
        else:
            self._lost(loss)

    def pause_writing(self) -> None:
        self.is_writing_paused = True
        if self._receiver is not None:
            self._receiver.on_pause()

    def resume_writing(self) -> None:
        self.is_writing_paused = False
        if self._receiver is not None:
            self._receiver.on_resume()

    # Its loss, and what came before something was asked.

    def _read_rest(self, transport: asyncio.Transport) -> None:
        """What has been received is read before a failed write counts.

        An upstream that answers early and closes, resets what is still being sent to
        it; its answer lies in the socket, which is open until this returns.
        """
        if self.tls_s is None:
            for data in kernel.unread(transport):
                if self._receiver is not None:
                    self.data_received(data)

    def _lost(self, loss: Loss) -> None:
        receiver, answer, state = self._receiver, self._answer, self._state
        self._receiver = None
        self._state = CLOSED
        self._reading.leave()
        if receiver is None:
            return
        ends_it = answer is not None and answer.ends_with_connection
        if ends_it and loss.is_end(is_sent=receiver.is_sent):
            receiver.on_piece(b"", is_complete=True)
        else:
            receiver.on_broken(loss.failure(state, was_used=self._was_used))

    def _take_unasked(self, data: bytes) -> None:
        """Before the first request it may be an answer, as of one that is too busy.

        Behind an exchange it belongs to none: the connection is of no more use.
        """
        self._early += data
        if self._state is not FRESH or len(self._early) > EARLY_BYTES:
            self._early = b""
            self.close()

    def _take_early(self) -> None:
        early, self._early = self._early, b""
        if early:
            self.data_received(early)
        self._tell_loss()

    def _tell_loss(self) -> None:
        if self._loss is not None and not self._reading.is_behind:
            self._lost(self._loss)

    # Reading.

    def _go_on(self) -> None:
        """In a turn of its own: more of what came is read, if there is more."""
        receiver, body = self._receiver, self._body
        if receiver is None:
            return
        if receiver.is_behind():
            self._reading.later()
        elif self._state is HEAD:
            if self._heads.held:
                self._read_heads(receiver, b"")
        elif body is not None and body.has_more:
            self._read_body(receiver, b"")
        self._tell_loss()

    def _read_heads(self, receiver: ExchangeListener, data: bytes) -> None:
        """1xx heads, as many as there are, then the final one with what follows it."""
        self._state = HEAD
        self._heads.add(data)
        most = self._interim + HEADS_AT_ONCE
        while self._receiver is not None:
            try:
                answer = self._heads.next()
            except Malformed as malformed:
                self._malformed(receiver, str(malformed))
                return
            if answer is None:
                return
            if not answer.is_interim:
                if not (self._gives_up(answer) and receiver.asks_again()):
                    self._begin_answer(receiver, answer)
                return
            self._pass_interim(receiver, answer)
            if self._interim == most:
                self._reading.later()
                return

    def _pass_interim(self, receiver: ExchangeListener, answer: Answer) -> None:
        self._interim += 1
        if self._interim > MAX_INTERIM:
            self._malformed(receiver, f"it sent over {MAX_INTERIM} 1xx heads")
        else:
            receiver.on_interim(answer)

    def _gives_up(self, answer: Answer) -> bool:
        """An upstream that closes an idle connection may say so, to nobody."""
        return answer.status == 408 and self._was_used and not answer.keeps_alive

    def _begin_answer(self, receiver: ExchangeListener, answer: Answer) -> None:
        self._answer = answer
        self.head_read = perf_counter()
        # It may answer before it had all of the request.
        is_early = receiver.is_upload and self._is_unread(receiver)
        is_last = answer.ends_with_connection or answer.status == 101
        self._may_stay = answer.keeps_alive and not is_last and not is_early
        take = receiver.on_head(answer)
        if answer.status == 101:
            self._state = TUNNEL
            self.after_upgrade = self._heads.take()
            # Who takes the transport over sees to its reading.
            self._reading.leave()
            receiver.on_answer(answer, b"", is_complete=False)
            return
        self._state = BODY
        self._body = answer.body(take)
        self._begin_body(receiver, answer)

    def _begin_body(self, receiver: ExchangeListener, answer: Answer) -> None:
        body, data = self._body, self._heads.take()
        if body is None:
            self._note_rest(data)
            receiver.on_answer(answer, b"", is_complete=True)
            return
        try:
            piece = body.feed(data) if data else b""
        except Malformed as malformed:
            self._malformed(receiver, f"its body is broken: {malformed}")
            return
        self._note_rest(body.rest)
        receiver.on_answer(answer, piece, is_complete=body.is_complete)
        self._note_more(receiver, body, len(data))

    def _is_unread(self, receiver: ExchangeListener) -> bool:
        """Whether it cannot have read all of the request, so that more of it comes."""
        transport = self.transport
        if not receiver.is_sent or transport is None:
            return True
        return kernel.is_unsent(transport)

    def _read_body(self, receiver: ExchangeListener, data: bytes) -> None:
        body = self._body
        if body is None:
            self._note_rest(data)
            return
        try:
            piece = body.feed(data)
        except Malformed as malformed:
            self._malformed(receiver, f"its body is broken: {malformed}")
            return
        self._note_rest(body.rest)
        receiver.on_piece(piece, is_complete=body.is_complete)
        self._note_more(receiver, body, len(data))

    def _note_more(self, receiver: ExchangeListener, body: Body, size: int) -> None:
        if self._receiver is not receiver or body.is_complete:
            return
        is_large = size >= LARGE_BYTES
        if is_large or body.has_more or receiver.is_behind():
            self._reading.later()

    def _note_rest(self, rest: bytes) -> None:
        """Bytes after the end of an answer make the connection suspect."""
        if rest:
            self._may_stay = False

    def _malformed(self, receiver: ExchangeListener, text: str) -> None:
        self._receiver = None
        self._state = CLOSED
        self.close()
        receiver.on_broken(Failure(FailureCode.UPSTREAM_MALFORMED, text))

    def _keep_for_tunnel(self, data: bytes) -> None:
        """Bytes of the new protocol that came before the tunnel stood."""
        self.after_upgrade += data
        if len(self.after_upgrade) > EARLY_BYTES:
            self.pause_reading()
