"""Calls of /v1 that a page makes for its reader, without a connection."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import hdrs, web
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from api.app import VARIABLE
from api.document.operations import ALL as OPERATIONS
from monitor.errors import NotFound

# What a request says of its own body.
OF_BODIES = (
    hdrs.CONTENT_TYPE,
    hdrs.CONTENT_LENGTH,
    hdrs.CONTENT_ENCODING,
    hdrs.TRANSFER_ENCODING,
    hdrs.EXPECT,
)
CHANGING = [
    (one.method, re.compile(VARIABLE.sub("[^/?#]+", one.path)))
    for one in OPERATIONS
    if one.method != "GET" and one.path.startswith("/v1/")
]


async def called(
    request: web.Request, method: str, path: str, content: bytes
) -> tuple[int, Any]:
    """The status and the answer of a call that changes something.

    It passes all that a call over the network passes, with the sender, the origin and
    the rights of *request*. Raises NotFound where it is none of /v1.
    """
    loop = asyncio.get_running_loop()
    # With room for all, so that it holds up none of what the connection reads.
    payload = StreamReader(request.protocol, max(1, len(content)), loop=loop)
    payload.feed_data(content)
    payload.feed_eof()
    length = {"Content-Length": str(len(content))} if content else {}
    return await answered(request, method, path, payload, length)


async def answered(
    request: web.Request,
    method: str,
    path: str,
    payload: StreamReader,
    length: Mapping[str, str],
) -> tuple[int, Any]:
    """The same of a body that may come piece by piece."""
    bare, _, _ = path.partition("?")
    if not any(method == m and known.fullmatch(bare) for m, known in CHANGING):
        raise NotFound("there is no such call")
    made = _request(request, method, path, payload, length)
    # What aiohttp's own runner asks: there is no public way to it.
    answer = await request.app._handle(made)
    body = answer.body if isinstance(answer, web.Response) else None
    return answer.status, orjson.loads(body) if isinstance(body, bytes) else None


def _request(
    request: web.Request,
    method: str,
    path: str,
    payload: StreamReader,
    length: Mapping[str, str],
) -> web.Request:
    headers = CIMultiDict(request.headers)
    for name in OF_BODIES:
        headers.popall(name, None)
    if not payload.is_eof() or length:
        headers[hdrs.CONTENT_TYPE] = "application/json"
    headers.update(length)
    message = RawRequestMessage(
        method=method,
        path=path,
        version=request.version,
        headers=CIMultiDictProxy(headers),
        raw_headers=tuple((_octets(n), _octets(v)) for n, v in headers.items()),
        should_close=False,
        compression=None,
        upgrade=False,
        chunked=False,
        url=URL(path, encoded=True),
    )
    return web.Request(
        message,
        payload,
        request.protocol,
        request.writer,
        request.task,
        asyncio.get_running_loop(),
        client_max_size=request.client_max_size,
    )


def _octets(text: str) -> bytes:
    """As aiohttp read it from."""
    return text.encode("utf-8", "surrogateescape")
