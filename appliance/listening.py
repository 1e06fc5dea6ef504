"""How the app reads HTTP: with room for long queries, and with our words for errors."""

from typing import Any, cast

from aiohttp.web import (
    AppRunner,
    HTTPExpectationFailed,
    Response,
    Server,
    StreamResponse,
)
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from api.errors import problem

# A filter of LONGEST_ENDPOINT characters, percent-encoded.
LONGEST_LINE_BYTES = 64 * 1024


class Handler(RequestHandler):
    """One connection to the app."""

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

    async def finish_response(
        self, request: BaseRequest, resp: StreamResponse, start_time: float | None
    ) -> tuple[StreamResponse, bool]:
        """An Expect is refused before any middleware; it too is problem+json."""
        if isinstance(resp, HTTPExpectationFailed):
            resp = problem(417, "only Expect: 100-continue is known here")
        return await super().finish_response(request, resp, start_time)


class AppServer(Server):
    def __call__(self) -> RequestHandler:
        return Handler(self, loop=self._loop, **self._kwargs)


class Listener(AppRunner):
    """aiohttp's runner, whose connections are ours."""

    async def _make_server(self) -> Server:
        made = await super()._make_server()
        return AppServer(
            made.request_handler,
            request_factory=cast(Any, made.request_factory),
            **{**made._kwargs, "max_line_size": LONGEST_LINE_BYTES},
        )


def _refusal(status: int) -> Response:
    made = problem(status, "the request is not HTTP, or its head is too long")
    made.force_close()
    return made
