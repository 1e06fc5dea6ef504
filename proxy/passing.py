"""How one exchange passes between its two connections."""

import asyncio
import time
from collections.abc import Callable

from monitor.exchange import Failure, FailureCode
from proxy import headers, problems
from proxy.capture import Capture
from proxy.headers import Lines
from proxy.pool import Pool
from proxy.rewrite import Entrance, mapped_back
from proxy.server import Request
from proxy.tunnel import tunnel
from proxy.upload import Upload
from proxy.upstream import Broken, ResponseHead, UpstreamConnection

# RFC 9110 9.2.2. A request of another method is never sent a second time.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CONTINUE_AFTER_S = 1.0
LAST_CHUNK = b"0\r\n\r\n"


class Passing:
    """One exchange; *record* is called exactly once, before its end is sent."""

    def __init__(
        self,
        *,
        request: Request,
        capture: Capture,
        pool: Pool,
        lines: Lines,
        entrance: Entrance,
        record: Callable[[Capture], None],
        idle_s: float,
    ) -> None:
        self._request = request
        self._front = request.front
        self._capture = capture
        self._pool = pool
        self._lines = lines
        self._entrance = entrance
        self._record = record
        self._service = capture.routed.service
        self._upstream = capture.routed.upstream
        self._upgrade = headers.wants_upgrade(request.lines)
        self._upload = Upload(request, capture.request_copy, idle_s=idle_s)
        self._connection: UpstreamConnection | None = None
        self._is_over = False
        self._is_http_1_0 = request.message.version.minor == 0
        self.keeps_alive = not request.message.should_close

    async def run(self) -> None:
        """Ask the upstream and pass its answer on; its failures are answered too.

        Raises ConnectionError where the client is gone.
        """
        try:
            head = await self._ask()
            await self._answer(head)
        except Broken as broken:
            self._fail(broken.failure)
        finally:
            await self._upload.stop()
            self._let_go()

    def refuse(self, failure: Failure) -> None:
        """Answer with a problem of our own; the exchange is over."""
        status = problems.status_of(failure)
        is_head = self._capture.method == "HEAD"
        lines, body = problems.problem(
            status, failure.code, failure.text, is_head=is_head, extra=self._log_id()
        )
        if not self._upload.is_done:
            self.keeps_alive = False
        lines += self._connection_lines()
        self._capture.status_code = status
        self._capture.failure = failure
        self._finish()
        self._front.write(problems.head(status, problems.reason(status), lines) + body)

    def break_off(self, failure: Failure) -> None:
        """Client or proxy ended it; it is recorded, if it was not yet."""
        if not self._is_over:
            self._capture.failure = failure
            self._finish()
        if self._connection is not None:
            self._connection.close()

    async def _ask(self) -> ResponseHead:
        """Send the request; the final head, or that of the switch."""
        connection, was_used = await self._connect(fresh=False)
        try:
            return await self._ask_on(connection)
        except Broken as broken:
            is_reset = broken.failure.code is FailureCode.UPSTREAM_RESET
            if not (was_used and is_reset and self._may_repeat(connection)):
                raise
        self._let_go()
        connection, _ = await self._connect(fresh=True)
        return await self._ask_on(connection)

    async def _connect(self, *, fresh: bool) -> tuple[UpstreamConnection, bool]:
        connection, was_used = await self._pool.acquire(
            self._upstream,
            self._capture.method,
            timeout_s=self._service.timeout_s,
            fresh=fresh,
        )
        self._connection = connection
        return connection, was_used

    def _may_repeat(self, connection: UpstreamConnection) -> bool:
        """A connection that was closed while idle, and nothing was answered on it."""
        return (
            not connection.has_answered
            and self._capture.method in IDEMPOTENT
            and self._upload.is_whole
        )

    async def _ask_on(self, connection: UpstreamConnection) -> ResponseHead:
        connection.write(self._head() + self._upload.at_once())
        self._upload.start(connection)
        expects = self._expects_continue()
        while True:
            head = connection.next_head()
            if head is None:
                await self._wait(connection, CONTINUE_AFTER_S if expects else None)
                if expects and not connection.has_answered:
                    self._front.write(CONTINUE)
                expects = False
            elif head.status == 101 and self._upgrade is None:
                raise Broken(FailureCode.UPSTREAM_MALFORMED, "101 was not asked for")
            elif head.status >= 200 or head.status == 101:
                return head
            elif not self._is_http_1_0:
                expects = False
                self._front.write(problems.head(head.status, head.reason, head.lines))

    def _head(self) -> bytes:
        """The request's head as it goes upstream."""
        routed, message = self._capture.routed, self._request.message
        target = routed.target.encode("utf-8", "surrogateescape")
        parts = [b"%b %b HTTP/1.1\r\n" % (message.method.encode(), target)]
        parts += [b"%b: %b\r\n" % line for line in self._lines]
        if self._upgrade is not None:
            parts.append(b"Connection: upgrade\r\nUpgrade: %b\r\n" % self._upgrade)
        if message.chunked:
            parts.append(b"Transfer-Encoding: chunked\r\n")
        parts.append(b"\r\n")
        return b"".join(parts)

    def _expects_continue(self) -> bool:
        expected = headers.text(self._request.lines, b"expect")
        return (
            not self._is_http_1_0
            and expected is not None
            and expected.strip().lower() == "100-continue"
        )

    async def _wait(
        self, connection: UpstreamConnection, limit_s: float | None
    ) -> None:
        """For news of the upstream; its silence is broken by *timeout_s*.

        While the client's own upload keeps the upstream waiting, that is no silence.
        """
        timeout_s = self._service.timeout_s if limit_s is None else limit_s
        while True:
            before = self._upload.progress
            try:
                async with asyncio.timeout(timeout_s):
                    await connection.news()
                    return
            except TimeoutError:
                self._upload.check()
                if limit_s is not None:
                    return
                if not self._upload.is_waiting_for_client(before):
                    raise Broken(
                        FailureCode.UPSTREAM_TIMEOUT,
                        f"it was silent for {timeout_s:g} s",
                    ) from None

    async def _answer(self, head: ResponseHead) -> None:
        self._capture.response_lines = head.lines
        if head.status == 101:
            await self._switch(head)
        elif not head.has_body:
            self._answer_whole(head, b"")
        elif self._is_here_whole(head):
            self._answer_whole(head, self._taken())
        else:
            await self._stream(head)

    def _is_here_whole(self, head: ResponseHead) -> bool:
        assert self._connection is not None
        return self._connection.is_complete

    def _answer_whole(self, head: ResponseHead, body: bytes) -> None:
        """Head, body and end in one write, once they are recorded."""
        self._end_upload_early()
        if body:
            self._capture.response_copy.add(body)
        content = self._response_head(head)
        if head.has_body and head.is_chunked and not self._is_http_1_0:
            content += _chunk(body) + LAST_CHUNK if body else LAST_CHUNK
        else:
            content += body
        self._capture.status_code = head.status
        self._finish()
        self._front.write(content)

    async def _stream(self, head: ResponseHead) -> None:
        """Pass the body on as it comes; its last piece waits for the record."""
        connection = self._connection
        assert connection is not None
        is_chunked = head.is_chunked and not self._is_http_1_0
        self._end_upload_early()
        self._front.write(self._response_head(head))
        self._capture.status_code = head.status
        self._capture.head_sent = time.perf_counter()
        self._capture.is_lasting = _is_event_stream(head.lines)
        left = head.length
        while not connection.is_complete or connection.has_pieces:
            await self._wait(connection, None)
            piece = connection.next_piece()
            if piece is None:
                continue
            self._capture.response_copy.add(piece)
            if left is not None:
                left -= len(piece)
                if left <= 0:
                    self._finish()
            self._front.write(_chunk(piece) if is_chunked else piece)
            await self._front.drain()
        self._finish()
        if is_chunked:
            self._front.write(LAST_CHUNK)

    def _taken(self) -> bytes:
        assert self._connection is not None
        return self._connection.next_piece() or b""

    def _end_upload_early(self) -> None:
        """The answer is final: what of the request is not sent yet is not wanted."""
        if not self._upload.is_done:
            self.keeps_alive = False

    def _response_head(self, head: ResponseHead) -> bytes:
        lines = headers.end_to_end(head.lines)
        lines = mapped_back(lines, self._upstream, self._entrance)
        if head.has_body and head.is_chunked and not self._is_http_1_0:
            lines.append((b"Transfer-Encoding", b"chunked"))
        elif head.has_body and head.length is None:
            # Its end is the connection's end, for our client as well.
            self.keeps_alive = False
        lines += self._log_id()
        lines += self._connection_lines()
        return problems.head(head.status, head.reason, lines)

    def _connection_lines(self) -> Lines:
        if not self.keeps_alive:
            return [(b"Connection", b"close")]
        return [(b"Connection", b"keep-alive")] if self._is_http_1_0 else []

    def _log_id(self) -> Lines:
        if not self._service.expose_log_id:
            return []
        return [(b"X-Monitor-Log-Id", str(self._capture.id).encode())]

    async def _switch(self, head: ResponseHead) -> None:
        """101: from here on it is bytes, both ways, until both sides are done."""
        connection, front = self._connection, self._front
        assert connection is not None
        client = front.transport
        if client is None:
            raise ConnectionResetError("the client is gone")
        capture = self._capture
        lines = headers.end_to_end(head.lines) + self._log_id()
        upgraded = headers.values(head.lines, b"upgrade")
        lines += [(b"Connection", b"upgrade")]
        lines += [(b"Upgrade", b", ".join(upgraded))] if upgraded else []
        front.write(problems.head(101, head.reason, lines))
        capture.status_code = 101
        capture.head_sent = time.perf_counter()
        capture.is_lasting = True
        self.keeps_alive = False
        early = front.take_tail()
        near, far = tunnel(
            client,
            connection.transport,
            count_sent=capture.request_copy.add,
            count_received=capture.response_copy.add,
        )
        if early:
            near.data_received(early)
        if connection.after_upgrade:
            far.data_received(connection.after_upgrade)
        try:
            await asyncio.wait([near.over, far.over])
        finally:
            near.close()
            far.close()
            self._finish()
            front.after_tunnel(client)

    def _fail(self, failure: Failure) -> None:
        """Before the head: our own answer. After it: a broken connection."""
        if self._capture.status_code is None:
            self.keeps_alive = self.keeps_alive and self._upload.is_done
            self.refuse(failure)
            return
        self.keeps_alive = False
        if not self._is_over:
            self._capture.failure = failure
            self._finish()
        self._front.abort()

    def _finish(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._record(self._capture)

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if not self._upload.is_done:
            connection.close()
        self._pool.release(self._upstream, connection)


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _is_event_stream(lines: Lines) -> bool:
    content_type = headers.text(lines, b"content-type") or ""
    return content_type.lower().startswith("text/event-stream")
