"""One appliance for each test of /v1, and a client of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio

from tests.support.running import appliance_on, client_of


@pytest_asyncio.fixture
async def client(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as made,
    ):
        yield made
