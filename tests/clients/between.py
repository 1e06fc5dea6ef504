"""The same scenario with the proxy in between and without it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.connections import listens
from tests.support.programs import path_of
from tests.support.upstreams import proxied

Server = Callable[[Path], AbstractAsyncContextManager[int]]
Scenario = Callable[[str, Path], Awaitable[Any]]
START_S = 10.0


async def the_same(server: Server, scenario: Scenario, folder: Path) -> Any:
    """What *scenario* found through the proxy, which is what it found without it.

    Each way has a server of its own, on files of its own.
    """
    found = []
    for way in ("direct", "between"):
        place = folder / way
        place.mkdir()
        async with server(place) as port:
            if way == "direct":
                found.append(await scenario(f"http://127.0.0.1:{port}", place))
                continue
            hosts = ("127.0.0.1",)
            async with proxied(port, hosts=hosts, preserve_host=True) as stage:
                found.append(await scenario(stage.url, place))
                async with asyncio.timeout(START_S):
                    while stage.proxy.in_flight:
                        await asyncio.sleep(0.01)
                assert stage.recorded, "nothing passed the proxy"
                assert {log.error for log in stage.recorded} == {None}
    assert found[1] == found[0]
    return found[1]


def need(name: str, package: str) -> str:
    """The path of a program, or a skipped test."""
    path = path_of(name)
    if path is None:
        pytest.skip(f"no {name}: apt-get install {package}")
    return path


async def run(
    *command: str, folder: Path, given: bytes = b"", environment: Any = None
) -> str:
    """What a command prints; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **(environment or {})},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate(given)
    text = printed.decode(errors="replace")
    assert process.returncode == 0, f"{command}: {text}"
    return text


@asynccontextmanager
async def serving(*command: str, folder: Path, port: int) -> AsyncIterator[int]:
    """A server's process, for the block, once it listens."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        # Apache ends its process group, which is not to be ours.
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(START_S):
            while not await listens(port):
                assert process.returncode is None, f"{command} ended"
                await asyncio.sleep(0.02)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
