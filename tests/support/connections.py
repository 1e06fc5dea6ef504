"""Plain connections of tests, which are closed however a test goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.support.patience import PATIENCE_S


def port_of(url: object) -> int:
    port = urlsplit(str(url)).port
    assert port is not None
    return port


@asynccontextmanager
async def connected(
    port: int, *, limit: int = 65_536
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """What is left open is closed by the collector, in another test that it fails."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=limit)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer_to(port: int, request: bytes) -> bytes:
    """Everything that comes back until the connection ends."""
    async with connected(port) as (reader, writer), asyncio.timeout(PATIENCE_S):
        writer.write(request)
        return await reader.read()


async def listens(port: int) -> bool:
    """Whether a connection is taken; one left hanging counts as one."""
    try:
        async with connected(port):
            return True
    except OSError:
        return False
