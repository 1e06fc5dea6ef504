"""HAR archives of browsers, and an appliance that takes them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx

from appliance.start.running import Appliance
from tests.support.running import (
    appliance_on,
    bearer,
    client_of,
    make_key,
    register,
)

DATA = Path(__file__).parents[1] / "data"


def har(*urls: str) -> bytes:
    entries = [
        {"request": {"method": "GET", "url": url}, "response": {"status": "200"}}
        for url in urls
    ]
    return json.dumps({"log": {"entries": entries}}).encode()


@asynccontextmanager
async def scene_on(
    database_url: str, directory: Path
) -> AsyncIterator[tuple[Appliance, httpx.AsyncClient]]:
    """With the key of a service."""
    async with (
        appliance_on(database_url, directory) as appliance,
        client_of(appliance) as client,
    ):
        service = await register(client, redact_fields=["pin", "$.pin"])
        key = await make_key(client, service["id"])
        client.headers.update(bearer(key["raw_key"]))
        yield appliance, client


def archive(name: str) -> str:
    """A browser's archive, as if it had been made an hour ago."""
    moment = datetime.now(UTC) - timedelta(hours=1)
    east = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    text = (DATA / name).read_text(encoding="utf-8")
    text = text.replace('"@EPOCH@"', f"{moment.timestamp() + 1.5:.6f}")
    return text.replace("@TIME@", moment.isoformat()).replace(
        "@OFFSET@", east.isoformat(timespec="milliseconds")
    )


async def bring(client: httpx.AsyncClient, content: str | bytes) -> httpx.Response:
    return await client.post(
        "/v1/logs/import/har",
        content=content,
        headers={"Content-Type": "application/json"},
    )


async def details(client: httpx.AsyncClient, ids: list[str]) -> list[dict[str, Any]]:
    return [(await client.get(f"/v1/logs/{id}")).json() for id in ids]
