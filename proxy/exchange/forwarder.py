"""Forwarders: how one exchange passes between its two connections.

Its states are drawn in forwarder_state.py. It is longer than other modules, as a
protocol is: what moves it from one state to the next is read side by side.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from monitor.traffic.exchange import Failure, FailureCode
from proxy.connections import logins
from proxy.connections.client import ClientConnection
from proxy.connections.failures import Broken
from proxy.connections.listener import ExchangeListener
from proxy.connections.pool import Pool
from proxy.connections.upstream import UpstreamConnection
from proxy.exchange.capture import Capture
from proxy.exchange.forwarder_state import (
    ANSWERING,
    CONNECTING,
    ENDING,
    OVER,
    SENDING,
    ForwarderState,
)
from proxy.exchange.lease import NEVER, Lease, repeat_of
from proxy.exchange.pace import Pace
from proxy.exchange.reply import Reply
from proxy.exchange.switching import Switched, is_agreed
from proxy.http1 import problems
from proxy.http1.bodies import Take
from proxy.http1.response import Answer

logger = logging.getLogger(__name__)

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CONTINUE_AFTER_S: Final = 1.0
# What is held of a request while there is no connection to its upstream.
UNSENT_BYTES: Final = 256 * 1024
# So much goes in one segment: who has the head of it, has all.
ONE_PIECE_BYTES: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the forwarders of a proxy share; *cookie*: the app's own session's.

    *ended* has an exchange recorded before anything more leaves, *settle* at once.
    """

    pool: Pool
    cookie: str
    idle_s: float
    tunnel_idle_s: float
    event_idle_s: float
    ended: Callable[[Capture], None]
    settle: Callable[[], None]
    over: Callable[["Forwarder"], None]


class Forwarder(ExchangeListener):
    """One exchange; *ended* is called exactly once, before its end is sent.

    What the two connections tell it are its steps: start, on_answer, on_piece. Then
    *over* is called, once. One whose capture holds a failure is refused at once.
    """

    def __init__(
        self,
        shared: Shared,
        *,
        client: ClientConnection,
        capture: Capture,
        head: bytes,
        is_trusted: bool,
    ) -> None:
        self._shared = shared
        self._client = client
        self._request = request = capture.request
        self.capture = capture
        self.state: ForwarderState = CONNECTING
        self._service = service = capture.routed.service
        self.service_id = service.id
        self._pace = Pace(client, idle_s=shared.idle_s, silence_s=service.timeout_s)
        self._task: asyncio.Task[None] | None = None
        # Of the request: what waits for a connection, or may be sent again.
        self._unsent = head
        self.keep_sent = capture.request_copy.add
        self.is_upload = False
        self.is_sent = False
        self._continue: asyncio.TimerHandle | None = None
        # Of the connection to the upstream, once it is there.
        self._connection: UpstreamConnection | None = None
        self._lease = Lease(
            shared.pool,
            client,
            capture.routed.upstream,
            timeout_s=service.timeout_s,
            is_login=request.fields.carries_login,
        )
        # Of the answer.
        self._reply = Reply(capture, cookie=shared.cookie, is_trusted=is_trusted)

    # The request.

    def start(self, piece: bytes, *, is_complete: bool) -> None:
        self.is_sent = is_complete
        self._lease.repeat = repeat_of(self._request.method, is_whole=is_complete)
        failure = self.capture.failure
        if failure is not None:
            self._refuse(failure)
            return
        if piece:
            self._unsent += piece
            self.is_upload = len(self._unsent) > ONE_PIECE_BYTES
        if not is_complete:
            self.is_upload = True
        connection = self._lease.reusable()
        if connection is None:
            self._begin(self._connect(fresh=False))
        else:
            self._send(connection)

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

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._note_bug)

    def _note_bug(self, task: asyncio.Task[None]) -> None:
        """A bug of ours: the client is told, and not left waiting."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        logger.error("an exchange failed in the proxy", exc_info=error)
        self._fail(Failure(FailureCode.INTERNAL, "the proxy failed"))

    async def _connect(self, *, fresh: bool) -> None:
        try:
            connection = await self._lease.connection(fresh=fresh)
        except Broken as broken:
            self._fail(broken.failure)
            return
        if not self._lease.was_used:
            stopwatch = self.capture.stopwatch
            stopwatch.connected(connection.connect_s, connection.tls_s)
        self._task = None
        self._send(connection)

    def _send(self, connection: UpstreamConnection) -> None:
        self.state = SENDING
        self._connection = connection
        connection.begin(self, self._request.method)
        content, lease = self._unsent, self._lease
        if lease.repeat is NEVER or not lease.was_used:
            self._unsent = b""
        self._moved()
        connection.write(content)
        self.capture.stopwatch.asked(perf_counter())
        if self._pace.is_upload_held:
            self.on_resume()
        if not self.is_sent and self._request.expects_continue:
            delay_s = min(CONTINUE_AFTER_S, self._service.timeout_s)
            loop = asyncio.get_running_loop()
            self._continue = loop.call_later(delay_s, self._let_continue)

    def _let_continue(self) -> None:
        """No 100 came from the upstream; where it says none, ours lets it go on."""
        self._client.writer.write(CONTINUE)

    def _cancel_continue(self) -> None:
        if self._continue is not None:
            self._continue.cancel()
            self._continue = None

    # The answer.

    def on_interim(self, answer: Answer) -> None:
        self._cancel_continue()
        self._moved()
        if head := self._reply.interim(answer):
            self._client.writer.write(head)

    def on_head(self, answer: Answer) -> Take:
        capture, connection = self.capture, self._connection
        assert connection is not None
        self._cancel_continue()
        capture.stopwatch.answered(connection.head_began, connection.head_read)
        capture.answered(answer)
        if answer.status == 401 and logins.are_offered(answer):
            self._lease.is_login = True
        return self._reply.take_of(answer)

    def on_answer(self, answer: Answer, piece: bytes, *, is_complete: bool) -> None:
        if answer.status == 101:
            self._switch(answer)
            return
        capture, reply = self.capture, self._reply
        if not self.is_sent or answer.ends_with_connection or self._client.is_draining:
            # What of the request is not sent is not wanted any more; or the end of the
            # body is the connection's end, for our client as well.
            reply.keeps_alive = False
        content = reply.head(answer) + reply.body(piece)
        capture.status_code = answer.status
        if is_complete:
            self._finish()
            self._client.writer.write(content)
            self._end(may_stay=self.is_sent)
            return
        self._note_head()
        if answer.is_event_stream:
            capture.is_lasting = True
            self._pace.silence_s = self._shared.event_idle_s
        self._client.writer.write(content)
        self._moved()

    def _note_head(self) -> None:
        """It goes to the client, and more behind it."""
        self.state = ANSWERING
        self.capture.head_sent = perf_counter()

    def on_piece(self, piece: bytes, *, is_complete: bool) -> None:
        content = self._reply.body(piece)
        if is_complete:
            self._finish()
        if content:
            self._client.writer.write(content)
        if is_complete:
            self._end(may_stay=self.is_sent)
        else:
            self._moved()

    def is_behind(self) -> bool:
        return self.capture.is_behind

    def on_broken(self, failure: Failure) -> None:
        connection = self._connection
        if connection is not None and self._lease.may_repeat(connection, failure):
            self._ask_again(connection)
        else:
            self._fail(failure)

    def asks_again(self) -> bool:
        """RFC 9110 15.5.9: who says 408 has not got the request, whatever it is."""
        connection = self._connection
        if connection is None or self._lease.repeat is NEVER:
            return False
        self._ask_again(connection)
        return True

    def _ask_again(self, connection: UpstreamConnection) -> None:
        self.state = CONNECTING
        self._connection = None
        self.capture.stopwatch.failed(perf_counter())
        self._lease.give_up(connection)
        self._begin(self._connect(fresh=True))

    # An upgrade.

    def _switch(self, answer: Answer) -> None:
        """From here on it is bytes, both ways, until both sides are done."""
        if not (self.is_sent and is_agreed(self._request, answer)):
            text = "101 was not asked for"
            self._fail(Failure(FailureCode.UPSTREAM_MALFORMED, text))
            return
        capture, shared, connection = self.capture, self._shared, self._connection
        assert connection is not None
        self._client.writer.write(self._reply.switch(answer))
        capture.status_code = 101
        capture.is_lasting = True
        self._note_head()
        switched = Switched(
            self._client,
            connection,
            capture,
            timeout_s=self._service.timeout_s,
            idle_s=shared.tunnel_idle_s,
            finish=self._finish_tunnel,
        )
        self._begin(self._switched(switched))

    async def _switched(self, switched: Switched) -> None:
        try:
            await switched.over()
            self._finish_tunnel()
        finally:
            switched.close()
        self._end(may_stay=False)

    # The end.

    def break_off(self, failure: Failure) -> None:
        """What was sent is not all; it is recorded, if it was not yet."""
        if self.state is OVER:
            return
        self.capture.failure = self.capture.failure or failure
        self._finish()
        self._client.break_off()
        self._end(may_stay=False)

    def on_client_gone(self, failure: Failure) -> None:
        if self.state is OVER:
            return
        self.capture.failure = failure
        self._finish()
        self._end(may_stay=False)

    def on_expired(self) -> None:
        if self.state is CONNECTING:
            # Whoever makes the connection minds its time.
            self._moved()
        else:
            self._fail(self._pace.expired(is_sent=self.is_sent))

    def _fail(self, failure: Failure) -> None:
        """Before the head: our own answer. After it: a broken connection."""
        if self.state is CONNECTING or self.state is SENDING:
            self._refuse(failure)
        else:
            self.break_off(failure)

    def _refuse(self, failure: Failure) -> None:
        """Answer with a problem of our own; the exchange is over."""
        status = problems.status_of(failure)
        if not self.is_sent or self._client.is_draining:
            self._reply.keeps_alive = False
        self.capture.status_code = status
        self.capture.failure = failure
        self._finish()
        self._client.writer.write(self._reply.problem(failure, status))
        self._end(may_stay=False)

    def _finish(self) -> None:
        if self.state is not ENDING and self.state is not OVER:
            self.state = ENDING
            self.capture.end()
            self._shared.ended(self.capture)

    def _finish_tunnel(self) -> None:
        """What ends it is not sent as an answer is."""
        self._finish()
        self._shared.settle()

    def _end(self, *, may_stay: bool) -> None:
        """Nothing more is to be done: both connections are given back."""
        if self.state is OVER:
            return
        self.state = OVER
        self._cancel_continue()
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        connection, self._connection = self._connection, None
        keeps_alive = self._reply.keeps_alive
        if connection is not None:
            self._lease.give_back(
                connection, may_stay=may_stay, keeps_alive=keeps_alive
            )
        self._shared.over(self)
        self._client.exchange_over(keeps_alive=keeps_alive)

    # How fast it may go.

    def on_pause(self) -> None:
        self._hold_upload()
        self._moved()

    def on_resume(self) -> None:
        self._pace.release_upload()
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
            self._pace.hold_upload()

    def _moved(self) -> None:
        self._pace.moved(is_sent=self.is_sent)
