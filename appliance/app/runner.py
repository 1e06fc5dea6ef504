"""Runner of the app: its HTTP has room for long queries, and our words for errors."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiohttp import ClientConnectionResetError, HttpVersion11
from aiohttp.web import (
    Application,
    AppRunner,
    RequestPayloadError,
    Response,
    Server,
    StreamResponse,
)
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from api.input.errors import problem
from appliance.app.silent_clients import ClientBounds, Ended, Silence, SilenceWatch

Handle = Callable[[BaseRequest], Awaitable[StreamResponse]]

# A filter of MAX_ENDPOINT_LENGTH characters, percent-encoded.
MAX_LINE_BYTES = 64 * 1024
LINGER_S = 10.0
OF_CLIENTS = (RequestPayloadError, ClientConnectionResetError)
# There is no request yet that aiohttp could answer.
TOO_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b"
)


class AppConnections:
    """All that stand; *count* is told of each that was ended."""

    def __init__(self, bounds: ClientBounds, count: Callable[[Ended], None]) -> None:
        self.bounds = bounds
        self._count = count
        self._all: set[AppConnection] = set()

    def admit(self, added: "AppConnection") -> bool:
        """Beyond the bound, the one that was silent longest makes room."""
        if len(self._all) >= self.bounds.connections and not self._make_room():
            self._count(Ended.TOO_MANY)
            return False
        self._all.add(added)
        return True

    def gone(self, one: "AppConnection") -> None:
        self._all.discard(one)

    def look(self) -> None:
        for one in list(self._all):
            if (why := one.overdue(self.bounds)) is not None:
                self._count(why)
                one.give_up(why)

    def _make_room(self) -> bool:
        idle = [one for one in self._all if one.is_idle]
        if not idle:
            return False
        chosen = min(idle, key=lambda one: one.silence.heard_at)
        self._all.discard(chosen)
        self._count(Ended.ROOM)
        chosen.give_up(Ended.ROOM)
        return True


class AppConnection(RequestHandler):
    """One connection to the app."""

    def __init__(
        self, manager: Server, *, connections: AppConnections, **options: Any
    ) -> None:
        super().__init__(manager, **options)
        self._connections = connections
        # aiohttp forgets its own while there is something left to send.
        self._wire: asyncio.Transport | None = None
        self.silence = Silence(self._loop.time())

    @property
    def is_idle(self) -> bool:
        """No request of it is whole and not answered."""
        return self._waiter is not None and not self._messages

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = cast(asyncio.Transport, transport)
        if not self._connections.admit(self):
            wire.abort()
            return
        self._wire = wire
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._wire = None
        self._connections.gone(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_idle, count = self.is_idle, self._request_count
        super().data_received(data)
        is_head = was_idle and self._request_count == count
        self.silence.heard(self._loop.time(), is_head=is_head)

    def overdue(self, bounds: ClientBounds) -> Ended | None:
        now = self._loop.time()
        unsent = self._wire.get_write_buffer_size() if self._wire else 0
        self.silence.looked_at(unsent, now)
        return self.silence.overdue(bounds, now)

    def give_up(self, why: Ended) -> None:
        wire = self._wire
        if wire is None:
            return
        if why is Ended.ANSWER:
            wire.abort()
            return
        self.silence.head_at = None
        if why is Ended.HEAD and not wire.is_closing():
            body = cast(bytes, problem(408, "the head did not come in time").body)
            wire.write(TOO_LATE % (len(body), body))
        self.force_close()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """What aiohttp's parser refuses, as problem+json that repeats nothing of it."""
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        return _refusal(status)

    def log_exception(self, *args: Any, **named: Any) -> None:
        """Not of what a client does: it leaves, or its body turns out to be broken."""
        if not isinstance(named.get("exc_info"), OF_CLIENTS):
            super().log_exception(*args, **named)


class AppServer(Server):
    """aiohttp's, whose connections are ours."""

    def __init__(self, handler: Any, *, connections: AppConnections, **options: Any):
        super().__init__(handler, **options)
        self._ours = connections

    def __call__(self) -> RequestHandler:
        return AppConnection(
            self, connections=self._ours, loop=self._loop, **self._kwargs
        )


class AppListener(AppRunner):
    """Serves *app* to as many clients as *bounds* allow, as long as they speak."""

    def __init__(
        self,
        app: Application,
        *,
        bounds: ClientBounds,
        count: Callable[[Ended], None],
        **options: Any,
    ) -> None:
        options["keepalive_timeout"] = bounds.keepalive_s
        # Who was refused amid its body may send on for a moment, to read why.
        options["lingering_time"] = min(LINGER_S, bounds.answer_s)
        super().__init__(app, access_log=None, **options)
        self._connections = AppConnections(bounds, count)
        self._watch = SilenceWatch(self._connections.look)

    async def _make_server(self) -> Server:
        made = await super()._make_server()
        self._watch.start()
        return AppServer(
            _expecting_little(made.request_handler),
            connections=self._connections,
            request_factory=cast(Any, made.request_factory),
            **{**made._kwargs, "max_line_size": MAX_LINE_BYTES},
        )

    async def cleanup(self) -> None:
        await super().cleanup()
        self._watch.stop()


def _expecting_little(handle: Handle) -> Handle:
    """aiohttp refuses an Expect before any middleware, and repeats it."""

    async def handle_or_refuse(request: BaseRequest) -> StreamResponse:
        expected = request.headers.get("Expect", "")
        is_known = expected.lower() in ("", "100-continue")
        if is_known or request.version != HttpVersion11:
            return await handle(request)
        return problem(417, "only Expect: 100-continue is known here")

    return handle_or_refuse


def _refusal(status: int) -> Response:
    made = problem(status, "the request is not HTTP, or its head is too long")
    made.force_close()
    return made
