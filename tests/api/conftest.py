"""An appliance for each test of /v1, or for all of a module, and a client of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.support.running import appliance_on, client_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a module shares belongs to a loop that its tests share."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture
async def client(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        appliance_on(database_url, tmp_path) as appliance,
        client_of(appliance) as made,
    ):
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    """For tests that do not mind what others left there: most of what is refused.

    To start an appliance on a database takes longer than a few calls do.
    """
    async with (
        appliance_on(shared_database_url, tmp_path_factory.mktemp("shared")) as made,
        client_of(made) as client,
    ):
        yield client
