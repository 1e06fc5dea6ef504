"""Routes of an appliance, asked of its router."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from appliance.app import assembly
from appliance.start.running import Appliance
from tests.support.running import (
    appliance_on,
)


@asynccontextmanager
async def with_routes(
    database_url: str,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    **settings: str,
) -> AsyncIterator[tuple[Appliance, list[tuple[str, str]]]]:
    """An appliance, and the method and path of each of its routes."""
    built: list[web.Application] = []
    build_app = assembly.build_app

    def keep(*args: Any, **named: Any) -> web.Application:
        built.append(build_app(*args, **named))
        return built[-1]

    monkeypatch.setattr("appliance.start.app.build_app", keep)
    async with appliance_on(database_url, directory, **settings) as made:
        yield made, [found(route) for route in built[-1].router.routes()]


def found(route: web.AbstractRoute) -> tuple[str, str]:
    assert route.resource is not None
    path = route.resource.canonical
    return route.method, "/static/app.css" if path == "/static" else path
