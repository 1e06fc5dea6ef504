"""What aiohttp is told of an answer that was written as bytes already."""

from collections.abc import Awaitable, Callable

from aiohttp.web import StreamResponse
from aiohttp.web_request import BaseRequest


class Answered(StreamResponse):
    """The next request is not begun before *settle* says that this answer has left."""

    def __init__(
        self, settle: Callable[[], Awaitable[None]], *, keep_alive: bool
    ) -> None:
        super().__init__()
        self._settle = settle
        self._stays = keep_alive

    @property
    def keep_alive(self) -> bool | None:
        return self._stays

    async def prepare(self, request: BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        await self._settle()
