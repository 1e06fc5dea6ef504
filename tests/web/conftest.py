"""A real browser, and an appliance for it to look at.

To launch a browser takes longer than most of what is done with it, so a worker has one.
It belongs to the loop it was launched in, which therefore is that of all tests here.
"""

import inspect
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import pytest_asyncio
from playwright._impl import _connection
from playwright.async_api import Browser, async_playwright, expect

from appliance.start.running import Appliance
from tests.support.patience import PATIENCE_S
from tests.support.programs import need, path_of
from tests.support.running import appliance_on, client_of

# Of the stack it asks for at each call it looks at the end that is its own. To find all
# of it, and the lines of source that go with it, takes longer than most calls do.
DEEPEST = 16


def _stack() -> list[inspect.FrameInfo]:
    found: list[inspect.FrameInfo] = []
    frame = sys._getframe(1)
    while frame and len(found) < DEEPEST:
        name, line = frame.f_code.co_filename, frame.f_lineno
        found.append(inspect.FrameInfo(frame, name, line, "", None, None))
        frame = frame.f_back  # type: ignore[assignment]
    return found


_connection.inspect = SimpleNamespace(  # type: ignore[assignment,attr-defined]
    stack=_stack, FrameInfo=inspect.FrameInfo
)
expect.set_options(timeout=PATIENCE_S * 1000)
# What playwright turns off (of two such lists the last one holds), and the pages that
# the browser's own window is made of: each context has one, which nobody sees.
WITHOUT = (
    *("ImprovedCookieControls", "LazyFrameLoading", "GlobalMediaControls"),
    *("DestroyProfileOnBrowserClose", "MediaRouter", "DialMediaRouteProvider"),
    *("AcceptCHFrame", "AutoExpandDetailsElement", "Translate"),
    *("CertificateTransparencyComponentUpdater",),
    *("AvoidUnnecessaryBeforeUnloadCheckSync",),
    *("InitialWebUI", "WebUIReloadButton", "WebUIOmniboxPopup"),
    *("WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
)
OPTIONS = [
    f"--disable-features={','.join(WITHOUT)}",
    "--disable-gpu",
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
async def appliance(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Appliance]:
    async with appliance_on(database_url, tmp_path) as made:
        yield made
        if "launched" in request.fixturenames:
            # Pages that follow would come again while it stops.
            await _close_all(request.getfixturevalue("launched"))


@pytest_asyncio.fixture(loop_scope="session")
async def client(appliance: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(appliance) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def browser(launched: Browser) -> AsyncIterator[Browser]:
    """Without anything of the test before."""
    yield launched
    await _close_all(launched)


async def _close_all(browser: Browser) -> None:
    for context in browser.contexts:
        await context.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def launched() -> AsyncIterator[Browser]:
    # The same browser without a window, which is half of what most pages take.
    chromium = path_of("chromium-headless-shell") or need("chromium", "chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(
            executable_path=chromium, args=[*OPTIONS, *sandbox]
        )
        yield made
        await made.close()
