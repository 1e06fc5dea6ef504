"""How one exchange passes between its two connections."""

import asyncio
import time
from collections.abc import Callable

from monitor.exchange import Failure, FailureCode
from proxy import headers, problems
from proxy.asking import Asking
from proxy.capture import Capture, is_event_stream
from proxy.headers import Lines
from proxy.request import Request
from proxy.response import ResponseHead
from proxy.rewrite import Entrance, mapped_back
from proxy.tunnel import TunnelEnd, tunnel
from proxy.upload import LAST_CHUNK, chunk
from proxy.upstream import Broken


class Passing:
    """One exchange; *record* is called exactly once, before its end is sent."""

    def __init__(
        self,
        *,
        request: Request,
        capture: Capture,
        asking: Asking,
        entrance: Entrance,
        record: Callable[[Capture], None],
    ) -> None:
        self._front = request.front
        self._capture = capture
        self._asking = asking
        self._entrance = entrance
        self._record = record
        self._service = capture.routed.service
        self._is_over = False
        self._is_http_1_0 = request.message.version.minor == 0
        self.keeps_alive = not request.message.should_close

    async def run(self) -> None:
        """Ask the upstream and pass its answer on; its failures are answered too.

        Raises ConnectionError where the client is gone.
        """
        try:
            await self._answer(await self._asking.head())
        except Broken as broken:
            self._fail(broken.failure)
        finally:
            await self._asking.end()

    def refuse(self, failure: Failure) -> None:
        """Answer with a problem of our own; the exchange is over."""
        status = problems.status_of(failure)
        is_head = self._capture.method == "HEAD"
        lines, body = problems.problem(
            status, failure.code, failure.text, is_head=is_head, extra=self._log_id()
        )
        self._end_upload_early()
        lines += self._connection_lines()
        self._capture.status_code = status
        self._capture.failure = failure
        self._finish()
        self._front.write(problems.head(status, problems.reason(status), lines) + body)

    def break_off(self, failure: Failure) -> None:
        """Client or proxy ended it; it is recorded, if it was not yet."""
        if self._is_over:
            return
        is_bug = failure.code is FailureCode.INTERNAL
        if is_bug and not self._front.has_sent:
            # What the client is told by the connection's own handler of errors.
            self._capture.status_code = problems.status_of(failure)
        self._capture.failure = failure
        self._finish()
        if self._front.has_sent:
            self._front.break_off()

    async def _answer(self, head: ResponseHead) -> None:
        connection = self._asking.connection
        self._capture.stopwatch.answer_began = connection.head_began
        self._capture.stopwatch.answer_read = connection.head_read
        self._capture.answered(head.status, head.lines)
        if head.status == 101:
            await self._switch(head)
        elif not head.has_body:
            self._answer_whole(head, b"")
        elif connection.is_complete:
            self._answer_whole(head, connection.next_piece() or b"")
        else:
            await self._stream(head)

    def _answer_whole(self, head: ResponseHead, body: bytes) -> None:
        """Head, body and end in one write, once they are recorded."""
        self._end_upload_early()
        if body:
            self._capture.received(body)
        content = self._response_head(head)
        if head.has_body and self._is_chunked(head):
            content += chunk(body) + LAST_CHUNK if body else LAST_CHUNK
        else:
            content += body
        self._capture.status_code = head.status
        self._finish()
        self._front.write(content)

    async def _stream(self, head: ResponseHead) -> None:
        """Pass the body on as it comes; its last piece waits for the record."""
        connection = self._asking.connection
        is_chunked = self._is_chunked(head)
        self._end_upload_early()
        self._front.write(self._response_head(head))
        self._capture.status_code = head.status
        self._capture.head_sent = time.perf_counter()
        self._capture.is_lasting = is_event_stream(head.lines)
        left = head.length
        while not connection.is_complete or connection.has_pieces:
            await self._asking.news()
            piece = connection.next_piece()
            if piece is None:
                continue
            left = None if left is None else left - len(piece)
            if left is not None and left <= 0:
                self._capture.received(piece)
                self._finish()
                self._front.write(piece)
            else:
                self._front.write(chunk(piece) if is_chunked else piece)
                self._capture.received(piece)
            await self._front.drain()
        self._finish()
        if is_chunked:
            self._front.write(LAST_CHUNK)

    def _is_chunked(self, head: ResponseHead) -> bool:
        return bool(head.coding) and not self._is_http_1_0

    def _end_upload_early(self) -> None:
        """The answer is final: what of the request is not sent yet is not wanted."""
        if not self._asking.upload.is_done:
            self.keeps_alive = False

    def _response_head(self, head: ResponseHead) -> bytes:
        lines = headers.end_to_end(head.lines)
        lines = mapped_back(lines, self._capture.routed.upstream, self._entrance)
        if head.has_body and self._is_chunked(head):
            lines.append((b"Transfer-Encoding", head.coding))
        elif head.has_body and head.length is None:
            # Its end is the connection's end, for our client as well.
            self.keeps_alive = False
        lines += self._log_id()
        lines += self._connection_lines()
        return problems.head(head.status, head.reason, lines)

    def _connection_lines(self) -> Lines:
        self.keeps_alive = self.keeps_alive and not self._front.is_draining
        if not self.keeps_alive:
            return [(b"Connection", b"close")]
        return [(b"Connection", b"keep-alive")] if self._is_http_1_0 else []

    def _log_id(self) -> Lines:
        if not self._service.expose_log_id:
            return []
        return [(b"X-Monitor-Log-Id", str(self._capture.id).encode())]

    async def _switch(self, head: ResponseHead) -> None:
        """101: from here on it is bytes, both ways, until both sides are done."""
        connection, front, capture = self._asking.connection, self._front, self._capture
        client, upstream = front.transport, connection.transport
        lines = headers.end_to_end(head.lines) + self._log_id()
        lines.append((b"Connection", b"upgrade"))
        lines += [line for line in head.lines if line[0].lower() == b"upgrade"]
        front.write(problems.head(101, head.reason, lines))
        capture.status_code = 101
        capture.head_sent = time.perf_counter()
        capture.is_lasting = True
        self.keeps_alive = False
        if client is None or upstream is None:
            # It ended with its head; there is nothing to join.
            capture.received(connection.after_upgrade)
            self._finish()
            front.write(connection.after_upgrade)
            return
        near, far = tunnel(
            client,
            upstream,
            note_sent=capture.sent,
            note_received=capture.received,
        )
        near.begin(front.take_tail(), has_ended=False)
        far.begin(connection.after_upgrade, has_ended=connection.has_ended)
        try:
            await self._tunnel_over(near, far)
        finally:
            near.abort()
            far.abort()
            front.after_tunnel(client)

    async def _tunnel_over(self, near: TunnelEnd, far: TunnelEnd) -> None:
        ends = [near.over, far.over]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        # What the other side has not taken yet, it may take in *timeout_s*.
        await asyncio.wait(ends, timeout=self._service.timeout_s)
        if far.error is not None:
            text = "it reset the connection within the tunnel"
            self._capture.failure = Failure(FailureCode.UPSTREAM_RESET, text)
        elif near.error is not None:
            text = "the client reset the connection within the tunnel"
            self._capture.failure = Failure(FailureCode.CLIENT_DISCONNECT, text)
        self._finish()

    def _fail(self, failure: Failure) -> None:
        """Before the head: our own answer. After it: a broken connection."""
        if self._capture.status_code is None:
            self.refuse(failure)
            return
        self.keeps_alive = False
        self.break_off(failure)

    def _finish(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._record(self._capture)
