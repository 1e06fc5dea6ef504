"""How one client connection is read and written: heads by aiohttp, answers as bytes."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from aiohttp.http_exceptions import LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web import Server, StreamResponse
from aiohttp.web_protocol import RequestHandler, RequestPayloadError
from aiohttp.web_request import BaseRequest

from proxy import problems
from proxy.answered import Answered
from proxy.heads import HeadEnd

# A client that is refused may still be sending; if we closed at once, a reset could
# overtake the answer (RFC 9112 9.6).
LINGER_S = 1.0
# SO_LINGER on, for no time.
RESET = struct.pack("ii", 1, 0)

Unrouted = Callable[[str], None]


class Front(RequestHandler):
    """One client connection."""

    __slots__ = (
        "_head_bytes",
        "_head_end",
        "_head_limit",
        "_head_timeout_s",
        "_head_timer",
        "_is_deaf",
        "_last_body",
        "_linger_timer",
        "_lingers",
        "_unrouted",
        "began",
        "has_sent",
        "is_draining",
    )

    def __init__(
        self,
        manager: Server,
        *,
        head_limit: int,
        head_timeout_s: float,
        unrouted: Unrouted,
        **options: Any,
    ) -> None:
        super().__init__(manager, **options)
        self._head_limit = head_limit
        self._head_timeout_s = head_timeout_s
        self._unrouted = unrouted
        self._head_timer: asyncio.TimerHandle | None = None
        self._linger_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._head_end = HeadEnd()
        self._last_body: StreamReader | None = None
        self._is_deaf = False
        self._lingers = False
        self.began: float | None = None
        self.has_sent = False
        self.is_draining = False

    # What the event loop calls.

    def data_received(self, data: bytes) -> None:
        """Heads are fed one by one, so that what follows one can be told from it.

        With a full queue the parser takes the rest and keeps it.
        """
        if self._is_deaf:
            return
        is_more = not data
        while data and self._reads_heads():
            end = self._head_end.within(data)
            self._note_head(end)
            self._feed(data[:end])
            data = data[end:]
            if self._head_bytes:
                self._check_head()
        if (data or is_more) and not self._is_deaf:
            self._feed(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._end_head()
        if self._linger_timer is not None:
            self._linger_timer.cancel()
        super().connection_lost(exc)

    # What an exchange does.

    def write(self, content: bytes) -> None:
        """Raises ConnectionResetError where the client is gone."""
        if self.transport is None:
            raise ConnectionResetError("the client is gone")
        self.has_sent = True
        self.transport.write(content)

    async def drain(self) -> None:
        await self._drain_helper()

    async def settle(self) -> None:
        await self._drain_helper()
        if self._lingers:
            self._end_writing()
            # Losing the connection cancels this.
            await asyncio.sleep(LINGER_S)

    def break_off(self) -> None:
        """Break the connection, so that what was sent is not taken for whole."""
        transport = self.transport
        if transport is None:
            return
        connection = transport.get_extra_info("socket")
        if connection is not None:
            # A reset, not a FIN, which would end a body that has no length.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        transport.abort()

    def take_tail(self) -> bytes:
        """Bytes of the new protocol that the client sent with its request."""
        tail, self._message_tail = self._message_tail, b""
        return tail

    def after_tunnel(self, transport: asyncio.Transport) -> None:
        """The tunnel had the transport; this protocol's books are closed now."""
        if transport.is_closing():
            self._loop.call_soon(self.connection_lost, None)

    def drain_out(self) -> None:
        """No further request; one that is being answered goes on."""
        self.is_draining = True
        if self._current_request is None and not self._messages:
            self.force_close()

    async def finish_response(
        self, request: BaseRequest, resp: StreamResponse, start_time: float | None
    ) -> tuple[StreamResponse, bool]:
        """What came after a refused upgrade is more requests."""
        if self._upgraded and not self._messages and self._parser is not None:
            self._parser.set_upgraded(False)
            self._upgraded = False
            self.data_received(self.take_tail())
            if self._buffer_paused:
                self._resume_reading_if_drained()
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """What aiohttp's parser refuses: counted, answered, and no log."""
        if status >= 500:
            return self._after_bug(exc)
        if isinstance(exc, LineTooLong):
            self._refuse(431, "head_too_large", "the head is too large")
        else:
            self._refuse(400, "malformed", "the request is not HTTP/1.1")
        return Answered(self.settle, keep_alive=False)

    # Heads.

    def _reads_heads(self) -> bool:
        """Whether the next bytes are of a head, and there is room for it."""
        if self._is_deaf or self._upgraded:
            return False
        if len(self._messages) >= self._max_msg_queue_size:
            return False
        return self._last_body is None or self._last_body.is_eof()

    def _feed(self, data: bytes) -> None:
        count = self._request_count
        body = self._last_body
        super().data_received(data)
        if self._request_count == count:
            self._head_end.passed(data)
            return
        self._head_end.begin()
        self._end_head()
        message, self._last_body = self._messages[-1]
        if not isinstance(message, RawRequestMessage):
            self._note_error(body)
        elif message.upgrade and self._last_body.is_eof():
            # aiohttp's parser knows WebSocket only; what comes after the head waits
            # for the answer whatever the protocol is.
            self._upgraded = True

    def _note_error(self, body: StreamReader | None) -> None:
        """The parser gave up; within a body that is the body's error."""
        self._is_deaf = True
        if body is not None and not body.is_eof():
            self._messages.pop()
            self._last_body = body
            body.set_exception(RequestPayloadError("the body is broken"))
            self._take_no_more()

    def _note_head(self, size: int) -> None:
        if not self._head_bytes:
            self.began = time.perf_counter()
        self._head_bytes += size

    def _check_head(self) -> None:
        """It has not come whole."""
        if self._head_bytes > self._head_limit:
            self._refuse_head(431, "head_too_large", "the head is too large")
        elif self._head_timer is None:
            self._head_timer = self._loop.call_later(
                self._head_timeout_s, self._head_is_late
            )

    def _end_head(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        self._refuse_head(408, "head_timeout", "the head took too long")

    # Refusals.

    def _refuse_head(self, status: int, code: str, detail: str) -> None:
        """An answer that is due to an earlier request is not cut: silence follows."""
        self._end_head()
        if self._current_request is not None or self._messages:
            self._unrouted(code)
            self._is_deaf = self.is_draining = True
            return
        self._refuse(status, code, detail)
        self._end_writing()
        self.close()
        self._linger_timer = self._loop.call_later(LINGER_S, self.force_close)

    def _refuse(self, status: int, code: str, detail: str) -> None:
        self._unrouted(code)
        self._write_problem(status, code, detail)
        self._take_no_more()

    def _take_no_more(self) -> None:
        """What still comes is read and forgotten; aiohttp is not to wait for it."""
        self._is_deaf = self._lingers = True
        self._lingering_time = 0

    def _end_writing(self) -> None:
        if self.transport is not None and self.transport.can_write_eof():
            self.transport.write_eof()

    def _write_problem(self, status: int, code: str, detail: str) -> None:
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        lines, body = problems.problem(status, code, detail, is_head=False)
        lines.append((b"Connection", b"close"))
        reason = problems.reason(status)
        transport.write(problems.head(status, reason, lines) + body)

    def _after_bug(self, exc: BaseException | None) -> StreamResponse:
        self.logger.error("an exchange failed in the proxy", exc_info=exc)
        if self.has_sent:
            self.break_off()
        else:
            self._write_problem(500, "internal", "the proxy failed")
        return Answered(self.settle, keep_alive=False)
