"""Screenshots of the pages for the documentation: `make screenshots`.

Empty, full of the demo's traffic, and broken, each in both looks, into
docs/screenshots.
"""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from playwright.async_api import Browser, async_playwright

from tests.support.ports import free_port
from tests.support.serving import COMMAND

PLACE: Final = Path(__file__).parents[1] / "docs" / "screenshots"
MOST_BYTES: Final = 3 * 1024 * 1024
WIDTH, HEIGHT = 1280, 800
PATIENCE_S: Final = 300.0
# What the demo has sent by then fills each page.
FULL_AFTER_S: Final = 45.0
PAGES: Final = {
    "services": "/",
    "logs": "/dashboard",
    "open": "/exchanges",
    "metrics": "/metrics-ui",
    "endpoints": "/metrics-ui/endpoints",
    "alerts": "/alerts-ui",
    "status": "/status",
}
BROKEN: Final = {
    "logs": "/dashboard?query=status:%3E%3Dfive",
    "log": "/log/00000000-0000-7000-8000-000000000000",
}


@asynccontextmanager
async def running(command: str) -> AsyncIterator[str]:
    """The address of the app of `apimonitor` *command*, on a directory of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            command,
            env={
                "PATH": os.environ["PATH"],
                "APIMONITOR_PORT": str(port),
                "APIMONITOR_PROXY_PORT": str(free_port()),
                "APIMONITOR_DATA_DIR": str(Path(directory) / "data"),
            },
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            async with asyncio.timeout(PATIENCE_S):
                while not await asyncio.to_thread(_is_ready, url):
                    await asyncio.sleep(0.2)
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()


def _is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/readyz", timeout=PATIENCE_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _logs(url: str, query: str) -> list[str]:
    with urlopen(f"{url}/v1/logs?{query}", timeout=PATIENCE_S) as answer:
        return [item["id"] for item in json.loads(answer.read())["items"]]


async def shoot(browser: Browser, url: str, pages: dict[str, str], state: str) -> None:
    for scheme in ("light", "dark"):
        context = await browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": WIDTH, "height": HEIGHT},
            reduced_motion="reduce",
        )
        page = await context.new_page()
        for name, path in pages.items():
            await page.goto(url + path)
            # Charts and counts come behind the page.
            await page.wait_for_timeout(1500)
            await page.screenshot(path=PLACE / f"{name}-{state}-{scheme}.png")
        await context.close()


async def _of_the_demo(browser: Browser) -> None:
    async with running("demo") as url:
        await asyncio.sleep(FULL_AFTER_S)
        failed = _logs(url, "status_class=5xx&source=proxy&limit=1")
        fine = _logs(url, "status_class=2xx&source=proxy&method=GET&limit=1")
        first = (failed or fine)[0]
        pages = {
            **PAGES,
            "log": f"/log/{fine[0]}",
            "replay": f"/replay/{fine[0]}",
            "compare": f"/compare?a={fine[0]}&b={first}",
        }
        await shoot(browser, url, pages, "full")
        await shoot(browser, url, BROKEN, "broken")


async def main() -> None:
    PLACE.mkdir(exist_ok=True)
    for older in PLACE.glob("*.png"):
        older.unlink()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium")
        async with running("serve") as url:
            await shoot(browser, url, PAGES, "empty")
        await _of_the_demo(browser)
        await browser.close()
    size = sum(path.stat().st_size for path in PLACE.glob("*.png"))
    print(f"{len([*PLACE.glob('*.png')])} screenshots, {size / 1024:,.0f} KiB")
    if size > MOST_BYTES:
        raise SystemExit(f"more than {MOST_BYTES} bytes: take fewer")


if __name__ == "__main__":
    asyncio.run(main())
