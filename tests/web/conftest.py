"""A real browser, and an appliance for it to look at.

To launch a browser takes longer than most of what is done with it, so a worker has one.
It belongs to the loop it was launched in, which therefore is that of all tests here.
"""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Request, async_playwright, expect

from appliance.start.running import Appliance
from tests.support.patience import PATIENCE_S
from tests.support.programs import need
from tests.support.running import appliance_on, client_of

expect.set_options(timeout=PATIENCE_S * 1000)
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
OPTIONS = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def appliance(database_url: str, tmp_path: Path) -> AsyncIterator[Appliance]:
    async with appliance_on(database_url, tmp_path) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def client(appliance: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(appliance) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def browser(launched: Browser) -> AsyncIterator[Browser]:
    """Without anything of the test before."""
    yield launched
    for context in launched.contexts:
        await context.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def launched() -> AsyncIterator[Browser]:
    chromium = need("chromium", "chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(
            executable_path=chromium, args=[*OPTIONS, *sandbox]
        )
        yield made
        await made.close()


@dataclass
class Watched:
    """A page, and everything it complained of."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(self.origin + path)

    async def serious_findings(self) -> list[str]:
        """What axe finds of serious and critical impact."""
        await self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = await self.page.evaluate(
            "axe.run({resultTypes: ['violations']})"
        )
        return [
            f"{item['id']}: {node['html']}"
            for item in found["violations"]
            if item["impact"] in ("serious", "critical")
            for node in item["nodes"]
        ]

    async def is_wider_than_its_window(self) -> bool:
        wider: bool = await self.page.evaluate(
            "document.documentElement.scrollWidth > window.innerWidth"
        )
        return wider


async def watch(
    browser: Browser, appliance: Appliance, *, scheme: Any = "light", width: int = 1280
) -> Watched:
    """A page that notes console errors and requests to other hosts."""
    context = await browser.new_context(
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = await context.new_page()
    watched = Watched(page, appliance.app_url)

    def note(request: Request) -> None:
        if not request.url.startswith((appliance.app_url, "data:")):
            watched.complaints.append(request.url)

    page.on("request", note)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            watched.complaints.append(message.text) if message.type == "error" else None
        ),
    )
    return watched
