"""A whole appliance for a block, on free ports and a database of the test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from appliance.start.running import Appliance, running
from monitor.settings import load
from tests.support.patience import PATIENCE_S


@asynccontextmanager
async def appliance_on(
    database_url: str, directory: Path, **settings: str
) -> AsyncIterator[Appliance]:
    environment = {
        "APIMONITOR_PORT": "0",
        "APIMONITOR_PROXY_PORT": "0",
        "APIMONITOR_DATA_DIR": str(directory / "data"),
        "APIMONITOR_DATABASE_URL": database_url,
        "APIMONITOR_DRAIN_TIMEOUT_S": "2",
        # A machine that runs tests may be slow; that is not what most of them ask.
        "APIMONITOR_INGEST_TIMEOUT_S": "20",
        **{f"APIMONITOR_{name}": value for name, value in settings.items()},
    }
    async with running(load(environment)) as appliance:
        yield appliance


def client_of(appliance: Appliance, **options: Any) -> httpx.AsyncClient:
    return client_at(appliance.app_url, **options)


def client_at(url: str = "", **options: Any) -> httpx.AsyncClient:
    # To read the authorities takes longer than most calls do; none has TLS.
    options = {"timeout": PATIENCE_S, "verify": False, **options}
    return httpx.AsyncClient(base_url=url, **options)


def another_name() -> str:
    """For a service beside those of other tests."""
    return f"pay {uuid4().hex}"


async def register(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/v1/services", json={"name": "pay", **fields})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def make_key(client: httpx.AsyncClient, service_id: str) -> dict[str, Any]:
    answer = await client.post(f"/v1/services/{service_id}/keys", json={"name": "k"})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def bearer(raw: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {raw}"}


LOG = {"method": "GET", "url": "https://x.example/a", "path": "/a"}
