"""How one exchange passes between its two connections."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Final

from monitor.traffic.exchange import Failure, FailureCode
from monitor.traffic.ids import text_of
from proxy.connections import logins
from proxy.connections.client import ClientConnection
from proxy.connections.failures import Broken
from proxy.connections.listener import ExchangeListener
from proxy.connections.logins import Own
from proxy.connections.pool import Pool
from proxy.connections.upstream import UpstreamConnection
from proxy.exchange.capture import Capture
from proxy.exchange.switching import Switched
from proxy.http1 import headers, problems
from proxy.http1.bodies import Take
from proxy.http1.request import Request
from proxy.http1.response import Answer
from proxy.routing import forwarding

logger = logging.getLogger(__name__)

# RFC 9110 9.2.2. A request of another method is never sent a second time.
IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CONTINUE_AFTER_S: Final = 1.0
# What is held of a request while there is no connection to its upstream.
UNSENT_BYTES: Final = 256 * 1024
# So much goes in one segment: who has the head of it, has all.
ONE_PIECE_BYTES: Final = 1024


class Forwarder(ExchangeListener):
    """One exchange; *record* is called exactly once, before its end is sent.

    What the two connections tell it are its steps: start, on_answer, on_piece. Then
    *over* is called, once.
    """

    def __init__(
        self,
        *,
        client: ClientConnection,
        request: Request,
        capture: Capture,
        pool: Pool,
        head: bytes,
        cookie: str,
        is_trusted: bool,
        idle_s: float,
        tunnel_idle_s: float,
        event_idle_s: float,
        is_loop: bool,
        record: Callable[[Capture], None],
        over: Callable[["Forwarder"], None],
    ) -> None:
        self._client = client
        self._request = request
        self._capture = capture
        self._pool = pool
        self._unsent = head
        self._cookie = cookie
        self._is_trusted = is_trusted
        self._idle_s = idle_s
        self._tunnel_idle_s = tunnel_idle_s
        self._event_idle_s = event_idle_s
        self._is_loop = is_loop
        self._record = record
        self._over = over
        self._upstream = capture.routed.upstream
        self._service = capture.routed.service
        self.service_id = self._service.id
        # How long the upstream may be silent.
        self._silence_s = self._service.timeout_s
        self._connection: UpstreamConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._continue: asyncio.TimerHandle | None = None
        self._was_used = False
        self.is_upload = False
        self.is_sent = False
        # Whether all of it goes with the head, so that it can be sent again; whether it
        # may be, though nobody knows what became of it.
        self._is_whole = False
        self._is_repeatable = False
        # Whether the upstream's connection is this client's alone.
        self._is_login = request.fields.carries_login
        self._is_upload_held = False
        self._is_recorded = False
        self._is_over = False
        self._keeps_alive = request.keeps_alive
        self.keep_sent = capture.request_copy.add
        # Content for a client that cannot read chunks.
        self._unframed: list[bytes] | None = None

    # The request.

    def start(self, piece: bytes, *, is_complete: bool) -> None:
        self.is_sent = is_complete
        self._is_whole = is_complete
        self._is_repeatable = is_complete and self._request.method in IDEMPOTENT
        if self._is_loop:
            self.refuse(Failure(FailureCode.LOOP, "it came through here before"))
            return
        if piece:
            self._unsent += piece
            self.is_upload = len(self._unsent) > ONE_PIECE_BYTES
        if not is_complete:
            self.is_upload = True
        connection = self._reusable()
        if connection is None:
            self._connect(fresh=False)
        else:
            self._was_used = True
            self._send(connection)

    def _reusable(self) -> UpstreamConnection | None:
        own = self._client.own
        if own is not None:
            connection = own.take(self._upstream, is_repeatable=self._is_repeatable)
            if connection is not None:
                self._is_login = True
                return connection
        return self._pool.reusable(self._upstream, is_repeatable=self._is_repeatable)

    def on_client_piece(self, piece: bytes, *, is_complete: bool) -> None:
        self.is_sent = is_complete
        connection = self._connection
        if connection is None:
            self._unsent += piece
            if len(self._unsent) > UNSENT_BYTES:
                self._hold_upload()
            return
        connection.write(piece)
        self._moved()

    def on_client_malformed(self) -> None:
        self._fail(Failure(FailureCode.CLIENT_MALFORMED, "the client's body is broken"))

    def _connect(self, *, fresh: bool) -> None:
        self._begin(self._connecting(fresh=fresh))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._note_bug)

    def _note_bug(self, task: asyncio.Task[None]) -> None:
        """A bug of ours: the client is told, and not left waiting."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        logger.error("an exchange failed in the proxy", exc_info=error)
        self._fail(Failure(FailureCode.INTERNAL, "the proxy failed"))

    async def _connecting(self, *, fresh: bool) -> None:
        try:
            connection, self._was_used = await self._pool.acquire(
                self._upstream,
                timeout_s=self._service.timeout_s,
                fresh=fresh,
                is_repeatable=self._is_repeatable,
            )
        except Broken as broken:
            self._fail(broken.failure)
            return
        if not self._was_used:
            stopwatch = self._capture.stopwatch
            stopwatch.connected(connection.connect_s, connection.tls_s)
        self._task = None
        self._send(connection)

    def _send(self, connection: UpstreamConnection) -> None:
        self._connection = connection
        connection.begin(self, self._request.method)
        content = self._unsent
        if not (self._was_used and self._is_whole):
            self._unsent = b""
        self._moved()
        connection.write(content)
        self._capture.stopwatch.asked(perf_counter())
        if self._is_upload_held:
            self.on_resume()
        if not self.is_sent and self._request.expects_continue:
            delay_s = min(CONTINUE_AFTER_S, self._service.timeout_s)
            loop = asyncio.get_running_loop()
            self._continue = loop.call_later(delay_s, self._let_continue)

    def _may_repeat(self, connection: UpstreamConnection, failure: Failure) -> bool:
        """A kept connection may have been closed meanwhile (RFC 9112 9.3.1)."""
        return (
            self._was_used
            and self._is_repeatable
            and not connection.has_answered
            and failure.code is FailureCode.UPSTREAM_RESET
        )

    def _let_continue(self) -> None:
        """No 100 came from the upstream; where it says none, ours lets it go on."""
        self._client.writer.write(CONTINUE)

    # The answer.

    def on_interim(self, answer: Answer) -> None:
        """RFC 9110 15.2: 1xx, but not to an HTTP/1.0 client."""
        self._cancel_continue()
        self._moved()
        if not self._request.is_http_1_0:
            routed = self._capture.routed
            head = forwarding.interim_head(answer, routed, cookie=self._cookie)
            self._client.writer.write(head)

    def on_head(self, answer: Answer) -> Take:
        capture, connection = self._capture, self._connection
        assert connection is not None
        self._cancel_continue()
        capture.stopwatch.answered(connection.head_began, connection.head_read)
        capture.answered(answer)
        if answer.status == 401 and logins.are_offered(answer):
            self._is_login = True
        if self._request.is_http_1_0 and answer.is_chunked and answer.has_body:
            # It cannot read chunks: the body's end is then the connection's.
            self._unframed = []
            self._keeps_alive = False
            return self._keep_unframed
        return capture.response_copy.add if capture.tap is None else capture.received

    def on_answer(self, answer: Answer, piece: bytes, *, is_complete: bool) -> None:
        capture, client = self._capture, self._client
        if answer.status == 101:
            self._switch(answer)
            return
        if not self.is_sent or answer.ends_with_connection:
            # What of the request is not sent is not wanted any more; or the end of the
            # body is the connection's end, for our client as well.
            self._keeps_alive = False
        if self._unframed is not None:
            piece = self._take_unframed()
        head = forwarding.answer_head(
            answer,
            self._request,
            capture.routed,
            extra=self._own_lines(),
            cookie=self._cookie,
            is_trusted=self._is_trusted,
        )
        capture.status_code = answer.status
        if is_complete:
            self._finish()
            client.writer.write(head + piece)
            self._end(may_stay=self.is_sent)
            return
        capture.head_sent = perf_counter()
        if answer.is_event_stream:
            capture.is_lasting = True
            self._silence_s = self._event_idle_s
        client.writer.write(head + piece)
        self._moved()

    def on_piece(self, piece: bytes, *, is_complete: bool) -> None:
        if self._unframed is not None:
            piece = self._take_unframed()
        if is_complete:
            self._finish()
        if piece:
            self._client.writer.write(piece)
        if is_complete:
            self._end(may_stay=self.is_sent)
        else:
            self._moved()

    def is_behind(self) -> bool:
        return self._capture.is_behind

    def on_broken(self, failure: Failure) -> None:
        connection = self._connection
        if connection is not None and self._may_repeat(connection, failure):
            self._ask_again(connection)
        else:
            self._fail(failure)

    def asks_again(self) -> bool:
        """RFC 9110 15.5.9: who says 408 has not got the request, whatever it is."""
        connection = self._connection
        if connection is None or not self._is_whole:
            return False
        self._ask_again(connection)
        return True

    def _ask_again(self, connection: UpstreamConnection) -> None:
        self._capture.stopwatch.failed(perf_counter())
        self._connection = None
        self._pool.note_stale()
        self._pool.release(self._upstream, connection, may_stay=False)
        self._connect(fresh=True)

    def _own_lines(self) -> str:
        self._keeps_alive = self._keeps_alive and not self._client.is_draining
        lines = self._log_id()
        if not self._keeps_alive:
            return f"{lines}{problems.CLOSE}"
        if self._request.is_http_1_0:
            return f"{lines}Connection: keep-alive\r\n"
        return lines

    def _log_id(self) -> str:
        if not self._service.expose_log_id:
            return ""
        return f"X-Monitor-Log-Id: {text_of(self._capture.id)}\r\n"

    def _keep_unframed(self, piece: bytes) -> None:
        self._capture.received(piece)
        assert self._unframed is not None
        self._unframed.append(piece)

    def _take_unframed(self) -> bytes:
        assert self._unframed is not None
        content = b"".join(self._unframed)
        self._unframed.clear()
        return content

    # An upgrade.

    def _switch(self, answer: Answer) -> None:
        """From here on it is bytes, both ways, until both sides are done."""
        chosen = headers.text(answer.lines, "upgrade") or ""
        is_offered = self._request.upgrade is not None and (
            not chosen or headers.opaque_protocols(chosen) == chosen
        )
        if not is_offered or not self.is_sent:
            text = "101 was not asked for"
            self._fail(Failure(FailureCode.UPSTREAM_MALFORMED, text))
            return
        capture, connection = self._capture, self._connection
        assert connection is not None
        self._keeps_alive = False
        head = forwarding.switch_head(
            answer, capture.routed, extra=self._log_id(), cookie=self._cookie
        )
        self._client.writer.write(head)
        capture.status_code = 101
        capture.head_sent = perf_counter()
        capture.is_lasting = True
        switched = Switched(
            self._client,
            connection,
            capture,
            timeout_s=self._service.timeout_s,
            idle_s=self._tunnel_idle_s,
            finish=self._finish,
        )
        self._begin(self._switched(switched))

    async def _switched(self, switched: Switched) -> None:
        try:
            await switched.over()
            self._finish()
        finally:
            switched.close()
        self._end(may_stay=False)

    # The end.

    def refuse(self, failure: Failure) -> None:
        """Answer with a problem of our own; the exchange is over."""
        status = problems.status_of(failure)
        is_head = self._request.method == "HEAD"
        lines, body = problems.problem(
            status, failure.code, failure.text, is_head=is_head
        )
        if not self.is_sent:
            self._keeps_alive = False
        self._capture.status_code = status
        self._capture.failure = failure
        self._finish()
        self._client.writer.write(
            problems.answer(status, lines + self._own_lines(), body)
        )
        self._end(may_stay=False)

    def break_off(self, failure: Failure) -> None:
        """What was sent is not all; it is recorded, if it was not yet."""
        if self._is_over:
            return
        self._capture.failure = self._capture.failure or failure
        self._finish()
        self._client.break_off()
        self._end(may_stay=False)

    def on_client_gone(self, failure: Failure) -> None:
        if self._is_over:
            return
        self._capture.failure = failure
        self._finish()
        self._end(may_stay=False)

    def on_expired(self) -> None:
        if self._connection is None:
            # Whoever makes the connection minds its time.
            self._moved()
        elif not self._waits_for_client():
            self._fail(
                Failure(
                    FailureCode.UPSTREAM_TIMEOUT,
                    f"it was silent for {self._silence_s:g} s",
                )
            )
        else:
            self._fail(
                Failure(
                    FailureCode.CLIENT_TIMEOUT,
                    f"the client stood still for {self._idle_s:g} s",
                )
            )

    def _fail(self, failure: Failure) -> None:
        """Before the head: our own answer. After it: a broken connection."""
        if self._is_over:
            return
        if self._capture.status_code is None:
            self.refuse(failure)
        else:
            self.break_off(failure)

    def _finish(self) -> None:
        if not self._is_recorded:
            self._is_recorded = True
            self._record(self._capture)

    def _end(self, *, may_stay: bool) -> None:
        """Nothing more is to be done: both connections are given back."""
        if self._is_over:
            return
        self._is_over = True
        self._cancel_continue()
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            self._give_back(connection, may_stay=may_stay)
        self._over(self)
        self._client.exchange_over(keeps_alive=self._keeps_alive)

    def _give_back(self, connection: UpstreamConnection, *, may_stay: bool) -> None:
        if not (self._is_login and may_stay and self._keeps_alive):
            may_stay = may_stay and not self._is_login
            self._pool.release(self._upstream, connection, may_stay=may_stay)
            return
        own = self._client.own
        if own is None:
            own = self._client.own = Own(self._pool)
        own.keep(self._upstream, connection)

    # How fast it may go.

    def on_pause(self) -> None:
        self._hold_upload()
        self._moved()

    def on_resume(self) -> None:
        self._is_upload_held = False
        self._client.reading.release()
        self._moved()

    def on_client_pause(self) -> None:
        if self._connection is not None:
            self._connection.pause_reading()

    def on_client_resume(self) -> None:
        if self._connection is not None:
            self._connection.resume_reading()
        self._moved()

    def _hold_upload(self) -> None:
        if not self.is_sent:
            self._is_upload_held = True
            self._client.reading.hold()

    def _moved(self) -> None:
        """Each silence is bounded, never the whole."""
        waits_for_client = self._waits_for_client()
        seconds = self._idle_s if waits_for_client else self._silence_s
        self._client.deadline.set(seconds)

    def _waits_for_client(self) -> bool:
        if self._client.is_writing_paused:
            return True
        return not (self.is_sent or self._is_upload_held)

    def _cancel_continue(self) -> None:
        if self._continue is not None:
            self._continue.cancel()
            self._continue = None
