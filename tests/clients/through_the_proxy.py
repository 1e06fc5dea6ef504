"""A plugin for aiohttp's own tests: its test servers are reached through our proxy."""

from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp.test_utils import BaseTestServer
from yarl import URL

from tests.support.upstreams import Stage, proxied

STACKS: dict[BaseTestServer, AsyncExitStack] = {}
PASSED = [0]
start, close = BaseTestServer.start_server, BaseTestServer.close


async def start_behind(self: BaseTestServer, *given: Any, **options: Any) -> None:
    await start(self, *given, **options)
    if self.scheme == "https" or self in STACKS:
        return
    assert self.port is not None
    STACKS[self] = stack = AsyncExitStack()
    hosts = ("127.0.0.1", "localhost")
    stage = await stack.enter_async_context(
        proxied(self.port, hosts=hosts, preserve_host=True, expose_log_id=False)
    )
    stack.callback(_count, stage)
    self.port = stage.port
    self._root = URL(f"http://{self.host}:{stage.port}")


async def close_behind(self: BaseTestServer) -> None:
    if (stack := STACKS.pop(self, None)) is not None:
        await stack.aclose()
    await close(self)


def _count(stage: Stage) -> None:
    PASSED[0] += len(stage.recorded)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"{PASSED[0]} exchanges went through the proxy")


BaseTestServer.start_server = start_behind  # type: ignore[method-assign]
BaseTestServer.close = close_behind  # type: ignore[method-assign]
