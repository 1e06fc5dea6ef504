"""How a request's body goes upstream while the answer may already come."""

import asyncio
from contextlib import suppress

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from monitor.exchange import FailureCode
from proxy.capture import BodyCopy
from proxy.server import Request
from proxy.upstream import Broken, UpstreamConnection

LAST_CHUNK = b"0\r\n\r\n"


class Upload:
    """The body of one request. What is here at once goes with the head."""

    def __init__(self, request: Request, copy: BodyCopy, *, idle_s: float) -> None:
        self._body = request.body
        self._is_chunked = bool(request.message.chunked)
        self._copy = copy
        self._idle_s = idle_s
        self._first: bytes | None = None
        self._task: asyncio.Task[None] | None = None
        self._error: Broken | None = None
        self._is_reading = False
        self.progress = 0
        self.is_done = False
        self.is_whole = False

    def at_once(self) -> bytes:
        """What can be sent with the head; the same again when it is sent again."""
        if self._first is None:
            self._first = self._read_what_is_here()
        if not self._first and self.is_whole:
            return LAST_CHUNK if self._is_chunked else b""
        if not self._is_chunked:
            return self._first
        framed = (
            b"%x\r\n%b\r\n" % (len(self._first), self._first) if self._first else b""
        )
        return framed + LAST_CHUNK if self.is_whole else framed

    def start(self, connection: UpstreamConnection) -> None:
        """Send the rest beside the answer, if there is a rest."""
        if not self.is_done:
            self._task = asyncio.create_task(self._send_rest(connection))

    def check(self) -> None:
        """Raises Broken where the client's body failed."""
        if self._error is not None:
            raise self._error

    def is_waiting_for_client(self, before: int) -> bool:
        """Whether it is the client that is slow, or something went on since."""
        return not self.is_done and (self._is_reading or self.progress != before)

    async def stop(self) -> None:
        """The answer is over: whatever is not sent is not wanted."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _read_what_is_here(self) -> bytes:
        here = self._body.read_nowait()
        self._copy.add(here)
        if self._body.at_eof():
            self.is_whole = self.is_done = True
        return here

    async def _send_rest(self, connection: UpstreamConnection) -> None:
        try:
            while not self._body.at_eof():
                piece = await self._next()
                if not piece:
                    continue
                self._copy.add(piece)
                framed = b"%x\r\n%b\r\n" % (len(piece), piece)
                connection.write(framed if self._is_chunked else piece)
                self.progress += 1
                await connection.drain()
            if self._is_chunked:
                connection.write(LAST_CHUNK)
            self.is_done = True
        except (Broken, ConnectionError):
            # The upstream's side says so itself, where its answer is waited for.
            return
        except TimeoutError:
            self._give_up(
                connection,
                FailureCode.CLIENT_TIMEOUT,
                f"the client's body stood still for {self._idle_s:g} s",
            )
        except (HttpProcessingError, RequestPayloadError):
            self._give_up(
                connection, FailureCode.CLIENT_MALFORMED, "the client's body is broken"
            )

    async def _next(self) -> bytes:
        self._is_reading = True
        try:
            async with asyncio.timeout(self._idle_s):
                return await self._body.readany()
        finally:
            self._is_reading = False

    def _give_up(
        self, connection: UpstreamConnection, code: FailureCode, text: str
    ) -> None:
        self._error = Broken(code, text)
        connection.fail(self._error)
