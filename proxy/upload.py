"""How a request's body goes upstream while the answer may already come."""

import asyncio

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from monitor.exchange import FailureCode
from proxy.capture import BodyCopy
from proxy.request import Request
from proxy.upstream import Broken, UpstreamConnection

LAST_CHUNK = b"0\r\n\r\n"


class Upload:
    """The body of one request. What is here at once goes with the head.

    *is_done*: all of it was sent; *is_whole*: all of it went with the head, so that it
    can be sent again; *moved_at*: when something of it was last sent (the loop's time).
    """

    def __init__(self, request: Request, copy: BodyCopy, *, idle_s: float) -> None:
        self._body = request.body
        self._is_chunked = bool(request.message.chunked)
        self._copy = copy
        self._idle_s = idle_s
        self._first: bytes | None = None
        self._task: asyncio.Task[None] | None = None
        self._error: Broken | None = None
        self.is_reading = False
        self.moved_at = 0.0
        self.is_whole = self.is_done = self._body.at_eof()

    def at_once(self) -> bytes:
        """What can be sent with the head; the same again when it is sent again."""
        if self._first is None:
            self._first = self._read_what_is_here()
        if not self._is_chunked:
            return self._first
        framed = chunk(self._first) if self._first else b""
        return framed + LAST_CHUNK if self.is_whole else framed

    def start(self, connection: UpstreamConnection) -> None:
        """Send the rest beside the answer, if there is a rest."""
        if not self.is_done:
            self._task = asyncio.create_task(self._send_rest(connection))

    def check(self) -> None:
        """Raises Broken where the client's body failed."""
        if self._error is not None:
            raise self._error

    async def stop(self) -> None:
        """The answer is over: whatever is not sent is not wanted."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    def _read_what_is_here(self) -> bytes:
        try:
            here = self._body.read_nowait()
        except (HttpProcessingError, RequestPayloadError):
            raise _malformed() from None
        self._copy.add(here)
        if self._body.at_eof():
            self.is_whole = self.is_done = True
        return here

    async def _send_rest(self, connection: UpstreamConnection) -> None:
        try:
            while piece := await self._next():
                self._copy.add(piece)
                connection.write(chunk(piece) if self._is_chunked else piece)
                await connection.drain()
                self._note_move()
            if self._is_chunked:
                connection.write(LAST_CHUNK)
            self.is_done = True
        except (Broken, ConnectionError):
            # The upstream's side says so itself, where its answer is waited for; the
            # client's ends the exchange.
            return
        except TimeoutError:
            self._give_up(
                connection,
                Broken(
                    FailureCode.CLIENT_TIMEOUT,
                    f"the client's body stood still for {self._idle_s:g} s",
                ),
            )
        except (HttpProcessingError, RequestPayloadError):
            self._give_up(connection, _malformed())

    async def _next(self) -> bytes:
        """The next piece; empty at the end."""
        self.is_reading = True
        try:
            async with asyncio.timeout(self._idle_s):
                while True:
                    # Chunk ends wake a reader, too.
                    piece = await self._body.readany()
                    if piece or self._body.at_eof():
                        return piece
        finally:
            self.is_reading = False
            self._note_move()

    def _note_move(self) -> None:
        self.moved_at = asyncio.get_running_loop().time()

    def _give_up(self, connection: UpstreamConnection, error: Broken) -> None:
        self._error = error
        connection.fail(error)


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _malformed() -> Broken:
    return Broken(FailureCode.CLIENT_MALFORMED, "the client's body is broken")
