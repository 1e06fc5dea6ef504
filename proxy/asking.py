"""How an upstream is asked, and its final head waited for."""

import asyncio
import time

from monitor.exchange import FailureCode
from proxy import headers, problems
from proxy.capture import Capture
from proxy.headers import Lines
from proxy.pool import Pool
from proxy.request import Request
from proxy.response import ResponseHead
from proxy.upload import Upload
from proxy.upstream import Broken, UpstreamConnection

# RFC 9110 9.2.2. A request of another method is never sent a second time.
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CONTINUE_AFTER_S = 1.0


class Asking:
    """One request on its way; all failures are Broken."""

    def __init__(
        self,
        *,
        request: Request,
        capture: Capture,
        pool: Pool,
        lines: Lines,
        idle_s: float,
    ) -> None:
        self._request = request
        self._front = request.front
        self._method = capture.method
        self._pool = pool
        self._stopwatch = capture.stopwatch
        self._lines = lines
        self._target = capture.routed.target
        self._upstream = capture.routed.upstream
        self._timeout_s = capture.routed.service.timeout_s
        self._is_http_1_0 = request.message.version.minor == 0
        # RFC 9110 7.8: not from an HTTP/1.0 client.
        self._upgrade = (
            None if self._is_http_1_0 else headers.wants_upgrade(request.lines)
        )
        self._connection: UpstreamConnection | None = None
        self.upload = Upload(request, capture.request_copy, idle_s=idle_s)

    @property
    def connection(self) -> UpstreamConnection:
        assert self._connection is not None
        return self._connection

    async def head(self) -> ResponseHead:
        """Send the request; the final head, or that of the switch."""
        was_used = await self._connect(fresh=False)
        try:
            return await self._ask()
        except Broken as broken:
            is_reset = broken.failure.code is FailureCode.UPSTREAM_RESET
            if not (was_used and is_reset and self._may_repeat()):
                raise
        self._stopwatch.failed(time.perf_counter())
        self._give_back()
        await self._connect(fresh=True)
        return await self._ask()

    async def news(self) -> None:
        """Wait for the upstream; its silence is broken by *timeout_s*.

        While the client keeps it waiting for the rest of the request, that is none.
        """
        connection, upload = self.connection, self.upload
        if connection.has_news:
            return
        loop = asyncio.get_running_loop()
        since = loop.time()
        while True:
            until = max(since, upload.moved_at) + self._timeout_s
            try:
                async with asyncio.timeout_at(until):
                    await connection.news()
                    return
            except TimeoutError:
                upload.check()
            if upload.is_reading:
                since = loop.time()
            elif upload.moved_at + self._timeout_s <= until:
                raise Broken(
                    FailureCode.UPSTREAM_TIMEOUT,
                    f"it was silent for {self._timeout_s:g} s",
                )

    async def end(self) -> None:
        """The exchange is over, or broken off."""
        try:
            await self.upload.stop()
        finally:
            self._give_back()

    async def _connect(self, *, fresh: bool) -> bool:
        self._connection, was_used = await self._pool.acquire(
            self._upstream, self._method, timeout_s=self._timeout_s, fresh=fresh
        )
        if not was_used:
            connection = self._connection
            self._stopwatch.connected(connection.connect_s, connection.tls_s)
        return was_used

    def _may_repeat(self) -> bool:
        """It was closed while idle: nothing was answered, and all can be sent again."""
        return (
            not self.connection.has_answered
            and self._method in IDEMPOTENT
            and self.upload.is_whole
        )

    async def _ask(self) -> ResponseHead:
        connection = self.connection
        connection.write(self._head() + self.upload.at_once())
        self._stopwatch.asked(time.perf_counter())
        self.upload.start(connection)
        if self._expects_continue():
            await self._continue()
        while True:
            head = connection.next_head()
            if head is None:
                await self.news()
            elif head.is_interim:
                self._pass_on(head)
            elif head.status == 101:
                self._check_switch()
                return head
            else:
                return head

    def _head(self) -> bytes:
        """The request's head as it goes upstream."""
        target = self._target.encode("utf-8", "surrogateescape")
        parts = [b"%b %b HTTP/1.1\r\n" % (self._method.encode(), target)]
        parts += [b"%b: %b\r\n" % line for line in self._lines]
        if self._upgrade is not None:
            parts.append(b"Connection: upgrade\r\nUpgrade: %b\r\n" % self._upgrade)
        if self._request.message.chunked:
            parts.append(b"Transfer-Encoding: chunked\r\n")
        parts.append(b"\r\n")
        return b"".join(parts)

    def _expects_continue(self) -> bool:
        expected = self._request.text(b"expect")
        return (
            not self._is_http_1_0
            and not self.upload.is_done
            and expected is not None
            and expected.strip().lower() == "100-continue"
        )

    async def _continue(self) -> None:
        """The upstream's 100 is passed on; where none comes, ours lets it go on."""
        try:
            async with asyncio.timeout(min(CONTINUE_AFTER_S, self._timeout_s)):
                await self.connection.news()
        except TimeoutError:
            self._front.write(CONTINUE)

    def _pass_on(self, head: ResponseHead) -> None:
        """RFC 9110 15.2: 1xx, but not to an HTTP/1.0 client."""
        if not self._is_http_1_0:
            lines = headers.end_to_end(head.lines)
            self._front.write(problems.head(head.status, head.reason, lines))

    def _check_switch(self) -> None:
        if self._upgrade is None or not self.upload.is_done:
            raise Broken(FailureCode.UPSTREAM_MALFORMED, "101 was not asked for")

    def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if not self.upload.is_done:
            connection.close()
        self._pool.release(self._upstream, connection)
