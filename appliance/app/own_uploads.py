"""A file that a page was given, passed on to a call of /v1 as it comes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader

from appliance.app.own_calls import answered

# What is held of it at most, twice: what is read on waits for what was taken.
HELD_BYTES = 256 * 1024


class _Flow(BaseProtocol):
    """Stands where a connection would: it says whether there is room."""

    __slots__ = ("has_room",)

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.has_room = asyncio.Event()
        self.has_room.set()

    @property
    def connected(self) -> bool:
        return True

    def pause_reading(self) -> None:
        self.has_room.clear()

    def resume_reading(self, resume_parser: bool = True) -> None:
        self.has_room.set()


async def uploaded(
    request: web.Request, path: str, pieces: AsyncIterator[bytes]
) -> tuple[int, Any]:
    """The status and the answer of a POST whose body is *pieces*.

    Where they break off, so does the body.
    """
    flow = _Flow()
    payload = StreamReader(flow, HELD_BYTES, loop=asyncio.get_running_loop())
    feeding = asyncio.create_task(_feed(payload, flow, pieces))
    try:
        return await answered(request, "POST", path, payload, {})
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])


async def _feed(
    payload: StreamReader, flow: _Flow, pieces: AsyncIterator[bytes]
) -> None:
    try:
        async for piece in pieces:
            payload.feed_data(piece)
            await flow.has_room.wait()
    except (ConnectionError, web.RequestPayloadError, ValueError) as error:
        payload.set_exception(ConnectionResetError(str(error)))
    else:
        payload.feed_eof()
