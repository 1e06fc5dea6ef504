"""Logs, once they are stored."""

import asyncio
from typing import Any

import httpx


async def wait_for(client: httpx.AsyncClient, count: int) -> list[dict[str, Any]]:
    for _ in range(3_000):
        items = (await client.get("/v1/logs?limit=100")).json()["items"]
        if len(items) >= count:
            found: list[dict[str, Any]] = items
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(items)


async def settled(client: httpx.AsyncClient) -> dict[str, Any]:
    """The ledger, once nothing moves any more."""
    for _ in range(1_200):
        ledger: dict[str, Any] = (await client.get("/v1/ledger")).json()
        if not ledger["in_flight"] and not ledger["spooled"]:
            return ledger
        await asyncio.sleep(0.05)
    raise AssertionError(ledger)
