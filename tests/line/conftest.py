"""A whole appliance, and a third party's HTTP server behind it."""

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpbin
import pytest
import pytest_asyncio
import waitress.server
import waitress.wasyncore

from appliance.start.running import Appliance, running
from monitor.settings import load


@pytest.fixture
def httpbin_url() -> Iterator[str]:
    """httpbin, served by waitress: neither of them is ours."""
    server = waitress.server.create_server(
        httpbin.app, host="127.0.0.1", port=0, threads=8
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    # Its loop ends when it holds no connection any more, the proxy's idle ones too.
    server.task_dispatcher.shutdown()
    waitress.wasyncore.close_all(server._map)
    thread.join(10)


@pytest_asyncio.fixture
async def appliance(tmp_path: Path, database_url: str) -> AsyncIterator[Appliance]:
    environment = {
        "APIMONITOR_PORT": "0",
        "APIMONITOR_PROXY_PORT": "0",
        "APIMONITOR_DATA_DIR": str(tmp_path / "data"),
        "APIMONITOR_DATABASE_URL": database_url,
        "APIMONITOR_DRAIN_TIMEOUT_S": "2",
    }
    async with running(load(environment)) as started:
        yield started
