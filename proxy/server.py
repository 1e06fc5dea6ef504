"""How clients are listened to: heads parsed by aiohttp, answers written as bytes."""

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiohttp.http_exceptions import LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web import Server, StreamResponse
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from proxy import problems
from proxy.headers import Lines

BACKLOG = 1024
MOST_HEADERS = 10_000
READ_BUFFER_BYTES = 64 * 1024
# SO_LINGER on, for no time.
RESET = struct.pack("ii", 1, 0)

Unrouted = Callable[[str], None]


class Request:
    """What a client asked, with its connection; aiohttp's protocol holds it."""

    __slots__ = ("_task", "began", "body", "front", "lines", "message", "writer")

    def __init__(
        self, message: RawRequestMessage, body: StreamReader, front: "Front"
    ) -> None:
        self.message = message
        self.body = body
        self.front = front
        self.began = front.began or time.perf_counter()
        front.began = None
        front.body = body
        front.has_sent = False
        self.lines: Lines = list(message.raw_headers)
        self._task: asyncio.Task[None] | None = None

    def _cancel(self, error: BaseException) -> None:
        """The connection is lost, so the body will not come."""
        self.body.set_exception(error)

    def _finish(self) -> None:
        """aiohttp asks for it once the answer is there; nothing is held."""


class Answered(StreamResponse):
    """Says to aiohttp's protocol that the answer was written already."""

    def __init__(self, *, keep_alive: bool) -> None:
        super().__init__()
        self._stays = keep_alive

    @property
    def keep_alive(self) -> bool | None:
        return self._stays

    async def prepare(self, request: BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        return None


class Front(RequestHandler):
    """One client connection."""

    __slots__ = (
        "_head_bytes",
        "_head_limit",
        "_head_timeout_s",
        "_head_timer",
        "_unrouted",
        "began",
        "body",
        "has_sent",
    )

    def __init__(
        self,
        manager: "Listener",
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
        self._head_bytes = 0
        self.began: float | None = None
        self.body: StreamReader | None = None
        self.has_sent = False

    def data_received(self, data: bytes) -> None:
        if self._in_head() and data:
            self._note_head(data)
        super().data_received(data)
        if self._messages or self._current_request is not None:
            self._end_head()
        elif self._head_bytes > self._head_limit:
            self._refuse(431, "head_too_large", "the head is over HEAD_LIMIT_BYTES")

    def connection_lost(self, exc: BaseException | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def write(self, content: bytes) -> None:
        """Raises ConnectionResetError where the client is gone."""
        if self.transport is None:
            raise ConnectionResetError("the client is gone")
        self.has_sent = True
        self.transport.write(content)

    async def drain(self) -> None:
        await self._drain_helper()

    def abort(self) -> None:
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

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """What aiohttp's parser refuses: counted, answered, and no log."""
        if status == 500:
            self.logger.error("an exchange failed in the proxy", exc_info=exc)
            code, detail = "internal", "the proxy failed"
            if self.has_sent:
                self.abort()
                return Answered(keep_alive=False)
        elif isinstance(exc, LineTooLong):
            status, code = 431, "head_too_large"
            detail = "the head is over HEAD_LIMIT_BYTES"
        else:
            status, code, detail = 400, "malformed", "the request is not HTTP/1.1"
        self._refuse(status, code, detail)
        return Answered(keep_alive=False)

    def _in_head(self) -> bool:
        return (
            not self._messages
            and self._current_request is None
            and (self.body is None or self.body.is_eof())
        )

    def _note_head(self, data: bytes) -> None:
        self._head_bytes += len(data)
        if self._head_timer is None:
            self.began = time.perf_counter()
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
        self._refuse(408, "head_timeout", "the head did not come in HEAD_TIMEOUT_S")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        self._unrouted(code)
        if self.transport is not None:
            lines, body = problems.problem(status, code, detail, is_head=False)
            lines.append((b"Connection", b"close"))
            reason = problems.reason(status)
            self.transport.write(problems.head(status, reason, lines) + body)
        self.force_close()


class Listener(Server):
    """Makes a Front for each connection."""

    def __init__(
        self,
        handle: Callable[[Request], Awaitable[StreamResponse]],
        *,
        head_limit: int,
        head_timeout_s: float,
        keepalive_s: float,
        unrouted: Unrouted,
    ) -> None:
        super().__init__(
            cast(Any, handle),
            request_factory=cast(Any, _make_request),
            handler_cancellation=True,
        )
        self._front_options = {
            "head_limit": head_limit,
            "head_timeout_s": head_timeout_s,
            "unrouted": unrouted,
            "keepalive_timeout": keepalive_s,
            "access_log": None,
            "auto_decompress": False,
            "max_line_size": head_limit,
            "max_field_size": head_limit,
            "max_headers": MOST_HEADERS,
            "read_bufsize": READ_BUFFER_BYTES,
        }

    def __call__(self) -> Front:
        return Front(self, loop=self._loop, **cast(Any, self._front_options))


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host.strip("[]"), port))
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def _make_request(
    message: RawRequestMessage,
    body: StreamReader,
    front: Front,
    writer: object,
    task: object,
) -> Request:
    return Request(message, body, front)
