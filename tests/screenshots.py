"""Screenshots of the pages for the documentation: `make screenshots`.

Empty, full of the demo's traffic, and broken, each in both looks, on a desk and on a
phone, and with PostgreSQL away; into docs/screenshots.
"""

import asyncio
import base64
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

from playwright.async_api import Browser, FilePayload, Page, async_playwright

from tests.support.frozen import frozen
from tests.support.ports import free_port
from tests.support.serving import COMMAND

PLACE: Final = Path(__file__).parents[1] / "docs" / "screenshots"
MOST_BYTES: Final = 3 * 1024 * 1024
SIZES: Final = {"": (1280, 800), "narrow-": (390, 844)}
# Sharp enough to be read, a quarter of the size.
QUALITY: Final = 0.4
TO_WEBP: Final = """
async ([png, quality]) => {
  const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d").drawImage(image, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/webp", quality });
  const made = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(made, (byte) => String.fromCharCode(byte)).join(""));
}
"""
PATIENCE_S: Final = 300.0
# What the demo has sent by then fills each page.
FULL_AFTER_S: Final = 45.0
# It is not answered for so long before it is said.
AWAY_AFTER_S: Final = 10.0
PAGES: Final = {
    "services": "/",
    "logs": "/dashboard",
    "open": "/exchanges",
    "metrics": "/metrics-ui",
    "endpoints": "/metrics-ui/endpoints",
    "alerts": "/alerts-ui",
    "channels": "/alerts-ui/channels",
    "import": "/import",
    "send": "/replay",
    "tokens": "/tokens",
    "status": "/status",
}
NOWHERE: Final = "00000000-0000-7000-8000-000000000000"
# What is asked for is not there, or is no such thing.
BROKEN: Final = {
    "logs": "/dashboard?query=status:%3E%3Dfive",
    "log": f"/log/{NOWHERE}",
    "replay": f"/replay/{NOWHERE}",
    "compare": f"/compare?a={NOWHERE}&b={NOWHERE}",
    "metrics": "/metrics-ui?range=5m&since=yesterday",
    "endpoints": "/metrics-ui/endpoints?new_since=yesterday",
    "open": f"/exchanges/{NOWHERE}",
    "send": f"/replay?sent={NOWHERE}",
    "services": "/",
    "alerts": "/alerts-ui",
    "channels": "/alerts-ui/channels",
    "tokens": "/tokens",
    "import": "/import",
}
# What is filled in where the address cannot be wrong: what opens the form, its fields.
REFUSED: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "services": ("register", {"name": "pay", "base_url": "pay.internal"}),
    "alerts": (
        "new-rule",
        {
            "name": "card",
            "query": "status:>=five",
            "condition_value": "1",
        },
    ),
    "channels": ("new-channel", {"name": "on call", "url": "pager"}),
    "tokens": ("", {"name": " "}),
}


@asynccontextmanager
async def running(command: str) -> AsyncIterator[tuple[str, Path]]:
    """The address of the app of `apimonitor` *command*, and its data, of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            command,
            env={
                "PATH": os.environ["PATH"],
                "APIMONITOR_PORT": str(port),
                "APIMONITOR_PROXY_PORT": str(free_port()),
                "APIMONITOR_DATA_DIR": str(data),
            },
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            async with asyncio.timeout(PATIENCE_S):
                while not await asyncio.to_thread(_is_ready, url):
                    await asyncio.sleep(0.2)
            # The demo keeps its own beside that of the appliance.
            found = await asyncio.to_thread(Path(directory).glob, "*/postgres/pgdata")
            yield url, next(found)
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


ALL_LOOKS: Final = tuple((size, look) for size in SIZES for look in ("light", "dark"))
# Of what looks much the same on all pages: these have something of their own to show.
TWO_LOOKS: Final = (("", "light"), ("narrow-", "dark"))
OF_THEIR_OWN: Final = {"logs", "open", "metrics", "endpoints", "send", "status"}


def _sent(url: str) -> str:
    """The log of a request from scratch."""
    with urlopen(f"{url}/v1/services?limit=100", timeout=PATIENCE_S) as answer:
        services = json.loads(answer.read())["items"]
    (shop,) = (one["id"] for one in services if "shop" in one["slug"])
    new = {"service_id": shop, "url": "/products/36?currency=EUR"}
    return str(_post(url, "/v1/requests", new)["log_id"])


def _post(url: str, path: str, body: dict[str, object]) -> dict[str, object]:
    given = {"Content-Type": "application/json"}
    asked = Request(url + path, json.dumps(body).encode(), given)
    with urlopen(asked, timeout=PATIENCE_S) as answer:
        made: dict[str, object] = json.loads(answer.read())
    return made


async def shoot(
    browser: Browser,
    url: str,
    pages: dict[str, str],
    state: str,
    looks: Sequence[tuple[str, str]] = ALL_LOOKS,
) -> None:
    for size, scheme in looks:
        width, height = SIZES[size]
        context = await browser.new_context(
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        )
        page = await context.new_page()
        for name, path in pages.items():
            await page.goto(url + path)
            if state == "broken":
                await _refuse(page, name)
            # Charts and counts come behind the page.
            drawing = page.locator('[aria-busy="true"]:visible')
            await drawing.first.wait_for(state="hidden")
            await page.wait_for_timeout(700)
            made = await _webp(browser, await page.screenshot())
            (PLACE / f"{name}-{state}-{size}{scheme}.webp").write_bytes(made)
        await context.close()


async def _refuse(page: Page, name: str) -> None:
    """Fill in and send what is refused, where the page has a form for it."""
    if name == "import":
        archive = FilePayload(name="a.har", mimeType="application/json", buffer=b"{")
        await page.locator("#i-files").set_input_files([archive])
        await page.get_by_role("button", name="Import", exact=True).click()
    if name not in REFUSED:
        return
    opener, fields = REFUSED[name]
    if opener:
        await page.locator(f'[data-open="{opener}"]').first.click()
    form = page.locator(f"#{opener} form" if opener else "main form").first
    for field, text in fields.items():
        await form.locator(f'[name="{field}"]').fill(text)
    await form.locator("button:not([type])").last.click()


async def _webp(browser: Browser, png: bytes) -> bytes:
    """Smaller by far; the browser can write it, so nothing else is needed."""
    page = await browser.new_page()
    encoded = base64.b64encode(png).decode()
    made: str = await page.evaluate(TO_WEBP, [encoded, QUALITY])
    await page.close()
    return base64.b64decode(made)


async def _of_the_demo(browser: Browser) -> None:
    async with running("demo") as (url, postgres):
        await asyncio.sleep(FULL_AFTER_S)
        fine = _logs(url, "status_class=2xx&source=proxy&endpoint=/orders&limit=1")
        paid = _logs(url, "status_class=2xx&endpoint=/charges&limit=1")
        failed = _logs(url, "status_class=5xx&endpoint=/charges&limit=1")
        pages = {
            **PAGES,
            "log": f"/log/{fine[0]}",
            "replay": f"/replay/{fine[0]}",
            "compare": f"/compare?a={paid[0]}&b={(failed or fine)[0]}",
            "send": f"/replay?sent={_sent(url)}",
        }
        _post(url, "/v1/tokens", {"name": "grafana", "read_only": True})
        await shoot(browser, url, pages, "full")
        await shoot(browser, url, BROKEN, "broken")
        with frozen(postgres):
            await asyncio.sleep(AWAY_AFTER_S)
            own = {name: pages[name] for name in pages if name in OF_THEIR_OWN}
            await shoot(browser, url, pages, "away", TWO_LOOKS[:1])
            await shoot(browser, url, own, "away", TWO_LOOKS[1:])


async def main() -> None:
    PLACE.mkdir(exist_ok=True)
    for older in PLACE.iterdir():
        older.unlink()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium")
        async with running("serve") as (url, _):
            await shoot(browser, url, PAGES, "empty")
        await _of_the_demo(browser)
        await browser.close()
    made = [path.stat().st_size for path in PLACE.iterdir()]
    size = sum(made)
    print(f"{len(made)} screenshots, {size / 1024:,.0f} KiB")
    if size > MOST_BYTES:
        raise SystemExit(f"more than {MOST_BYTES} bytes: take fewer")


if __name__ == "__main__":
    asyncio.run(main())
