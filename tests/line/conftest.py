"""A whole appliance, and a third party's HTTP server behind it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from appliance.start.running import Appliance, running
from monitor.settings import load
from tests.support.httpbins import httpbin_served


@pytest.fixture
def httpbin_url() -> Iterator[str]:
    with httpbin_served(threads=8) as port:
        yield f"http://127.0.0.1:{port}"


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
