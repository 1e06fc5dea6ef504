"""How one connection to an upstream is spoken to: heads as bytes, answers parsed."""

import asyncio
import time
from collections import deque

import httptools

from monitor.exchange import Failure, FailureCode
from proxy.headers import Lines
from proxy.response import ResponseHead, keeps_alive, response_head

# Reading pauses above the one and goes on below the other.
HIGH_WATER_BYTES = 256 * 1024
LOW_WATER_BYTES = 64 * 1024


class Broken(Exception):
    """The upstream did not do its part; *failure* says how."""

    def __init__(self, code: FailureCode, text: str) -> None:
        super().__init__(text)
        self.failure = Failure(code, text)


class UpstreamConnection(asyncio.Protocol):
    """One keep-alive connection; one exchange at a time.

    Errors are Broken. Waits have no deadline of their own: the caller sets one.
    """

    def __init__(self, *, head_limit: int) -> None:
        self._head_limit = head_limit
        self._transport: asyncio.Transport | None = None
        self._drained: asyncio.Future[None] | None = None
        self._is_writing_paused = False
        self._news: asyncio.Future[None] | None = None
        # How long it took to be made; the pool measures it.
        self.connect_s = 0.0
        self.tls_s: float | None = None
        self._reset("GET")

    def _reset(self, method: str) -> None:
        self._method = method
        self._parser = httptools.HttpResponseParser(self)
        self._heads: deque[ResponseHead] = deque()
        self._lines: Lines = []
        self._reason = b""
        self._head_bytes = 0
        self._is_new_head = True
        # When the last head's first bytes came, and when it was whole.
        self.head_began = 0.0
        self.head_read = 0.0
        self._pieces: deque[bytes] = deque()
        self._buffered = 0
        self._is_reading_paused = False
        self._in_body = False
        self._head: ResponseHead | None = None
        self._error: Broken | None = None
        self._may_stay = True
        self._has_switched = False
        self.is_complete = False
        self.has_answered = False
        self.after_upgrade = b""
        self.has_ended = False

    # What the caller does.

    def begin(self, method: str) -> None:
        """Another exchange on this connection."""
        self._reset(method)

    @property
    def transport(self) -> asyncio.Transport | None:
        return self._transport

    @property
    def is_usable(self) -> bool:
        """Whether another exchange may begin; a closed or talking one may not."""
        transport = self._transport
        return (
            transport is not None
            and not transport.is_closing()
            and self._error is None
            and not self._buffered
        )

    @property
    def may_be_reused(self) -> bool:
        return self.is_complete and self._may_stay and self.is_usable

    def write(self, content: bytes) -> None:
        if self._transport is not None:
            self._transport.write(content)

    async def drain(self) -> None:
        """Wait until the upstream takes more. Raises Broken."""
        if self._transport is None:
            raise self._error or Broken(FailureCode.UPSTREAM_RESET, "it went away")
        if self._is_writing_paused:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained

    def next_head(self) -> ResponseHead | None:
        """A head that is there; 1xx ones come before the final one."""
        if self._heads:
            return self._heads.popleft()
        if self._error is not None:
            raise self._error
        return None

    def next_piece(self) -> bytes | None:
        """All of the body that is there; None: nothing yet, see *is_complete*."""
        if self._pieces:
            piece = (
                self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            )
            self._pieces.clear()
            self._buffered = 0
            self._resume()
            return piece
        if self._error is not None and not self.is_complete:
            raise self._error
        return None

    @property
    def has_pieces(self) -> bool:
        return bool(self._pieces)

    def fail(self, error: Broken) -> None:
        """The caller's own side broke; nothing more is expected here."""
        if self._error is None:
            self._error = error
        self._wake()
        self.close()

    @property
    def has_news(self) -> bool:
        return bool(
            self._heads or self._pieces or self.is_complete or self._error is not None
        )

    async def news(self) -> None:
        """Wait for a head, a piece, the end, or an error."""
        if self.has_news:
            return
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._has_switched:
            self._keep_for_tunnel(data)
            return
        if self.is_complete or self._error is not None:
            self._distrust()
            return
        self.has_answered = True
        if not self._in_body:
            self._note_head(len(data))
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as switched:
            self._keep_for_tunnel(data[switched.args[0] :])
        except httptools.HttpParserError as error:
            if not self.is_complete:
                self._fail(FailureCode.UPSTREAM_MALFORMED, _reason(error))
            self._distrust()
        self._check_head_size()
        if self._buffered > HIGH_WATER_BYTES:
            self._pause()

    def eof_received(self) -> bool:
        """A protocol that was switched to may be closed by half."""
        self.has_ended = True
        transport = self._transport
        return (
            self._has_switched and transport is not None and transport.can_write_eof()
        )

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._may_stay = False
        head = self._head
        if head is not None and head.ends_with_connection and error is None:
            if self._error is None:
                self._complete()
        elif not self.is_complete:
            self._fail(FailureCode.UPSTREAM_RESET, self._where())
        if self._drained is not None and not self._drained.done():
            self._drained.set_exception(
                self._error or Broken(FailureCode.UPSTREAM_RESET, "it went away")
            )
            # Nobody may be waiting any more.
            self._drained.exception()

    def pause_writing(self) -> None:
        self._is_writing_paused = True

    def resume_writing(self) -> None:
        self._is_writing_paused = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    # What the parser calls.

    def on_status(self, reason: bytes) -> None:
        if not self.is_complete:
            self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        # In the body it is a trailer.
        if not self._in_body and not self.is_complete:
            self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        if self.is_complete:
            self._distrust()
            return
        status = self._parser.get_status_code()
        head = response_head(status, self._reason, self._lines, method=self._method)
        self._lines, self._reason = [], b""
        self._heads.append(head)
        self._is_new_head = head.is_interim
        if not head.is_interim:
            self._begin_body(head)
        self._wake()

    def on_body(self, piece: bytes) -> None:
        if self.is_complete:
            self._distrust()
            return
        self._pieces.append(piece)
        self._buffered += len(piece)
        self._wake()

    def on_message_complete(self) -> None:
        if self._in_body and not self._has_switched:
            self._complete()

    def _begin_body(self, head: ResponseHead) -> None:
        self._head = head
        self._in_body = True
        self._has_switched = head.status == 101
        self._may_stay = not head.ends_with_connection and keeps_alive(
            head.lines, version=self._parser.get_http_version()
        )
        if not head.has_body and not self._has_switched:
            # A HEAD's Content-Length announces a body that does not come.
            self._complete()

    def _distrust(self) -> None:
        """Bytes that belong to no exchange: this connection is of no more use."""
        self._may_stay = False
        self.close()

    def _complete(self) -> None:
        self.is_complete = True
        self._wake()

    def _note_head(self, size: int) -> None:
        self.head_read = time.perf_counter()
        if self._is_new_head:
            self._is_new_head = False
            self.head_began = self.head_read
        self._head_bytes += size

    def _check_head_size(self) -> None:
        if not self._in_body and self._head_bytes > self._head_limit:
            self._fail(FailureCode.UPSTREAM_MALFORMED, "its head is too large")
            self.close()

    def _fail(self, code: FailureCode, text: str) -> None:
        if self._error is None:
            self._error = Broken(code, text)
        self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
        self._news = None

    def _keep_for_tunnel(self, data: bytes) -> None:
        """Bytes of the new protocol that came before the tunnel stood."""
        self.after_upgrade += data
        if len(self.after_upgrade) > HIGH_WATER_BYTES:
            self._pause()

    def _pause(self) -> None:
        if not self._is_reading_paused and self._transport is not None:
            self._is_reading_paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._is_reading_paused and self._transport is not None:
            self._is_reading_paused = False
            self._transport.resume_reading()

    def _where(self) -> str:
        if self._in_body:
            return "it closed the connection before the end of its body"
        if self.has_answered:
            return "it closed the connection within its head"
        return "it closed the connection without an answer"


def _reason(error: Exception) -> str:
    """The parser's words, without the bytes it stumbled over."""
    return f"its answer is not HTTP: {str(error)[:80]}"
