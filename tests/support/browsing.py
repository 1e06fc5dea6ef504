"""Pages of a real browser, and what they complained of."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page, Request

from appliance.start.running import Appliance

Scheme = Literal["light", "dark"]
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
LOOKING = (Path(__file__).parent / "looking.js").read_text()

# Of phones first: a page that was narrow has to come back, too.
WIDTHS = (390, 1280)

# What a change of scheme begins is ended: some pages fade whatever is asked for. A page
# that draws no frame, as it happens to one of a thousand, is not waited for.
SETTLED = """
    () => new Promise((go) => { requestAnimationFrame(go); setTimeout(go, 2000); })
        .then(() => document.getAnimations()
            .filter((one) => one instanceof CSSTransition)
            .forEach((one) => one.finish()))
"""


@dataclass
class Watched:
    """A page, and everything it complained of."""

    page: Page
    origin: str
    scheme: Scheme = "light"
    complaints: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(self.origin + path)

    async def serious_findings(self, *, in_both: bool = True) -> list[str]:
        """What axe finds of serious and critical impact, in light and dark.

        Only colours differ between them.
        """
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text())
            await self.page.evaluate(LOOKING)
        found = await self._axe("false")
        if not in_both:
            return found
        # A colour on its way to another has neither's contrast.
        other: Scheme = "light" if self.scheme == "dark" else "dark"
        await self.page.emulate_media(color_scheme=other, reduced_motion="reduce")
        await self.page.evaluate(SETTLED)
        found += await self._axe("true")
        await self.page.emulate_media(color_scheme=self.scheme)
        await self.page.evaluate(SETTLED)
        await self.page.emulate_media(reduced_motion="null")
        return found

    async def _axe(self, only_colours: str) -> list[str]:
        found: list[str] = await self.page.evaluate(f"window.look({only_colours})")
        return found

    async def findings_on_all_screens(self) -> list[str]:
        """Serious ones on a wide screen and on a phone, and whether it fits there."""
        found = []
        for width in WIDTHS:
            await self.page.set_viewport_size({"width": width, "height": 900})
            found += await self.serious_findings()
            if await self.is_wider_than_its_window():
                found.append(f"wider than {width}")
        return found

    async def is_wider_than_its_window(self) -> bool:
        wider: bool = await self.page.evaluate(
            "document.documentElement.scrollWidth > window.innerWidth"
        )
        return wider


async def watch(
    browser: Browser,
    appliance: Appliance,
    *,
    scheme: Any = "light",
    width: int = 1280,
    touch: bool = False,
    zone: str | None = None,
) -> Watched:
    """A page that notes console errors and requests to other hosts."""
    context = await browser.new_context(
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        has_touch=touch,
        is_mobile=touch,
        timezone_id=zone,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = await context.new_page()
    watched = Watched(page, appliance.app_url, scheme)

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


async def plain_page(browser: Browser, **options: Any) -> Page:
    """One without scripts."""
    context = await browser.new_context(java_script_enabled=False, **options)
    page = await context.new_page()
    page.set_default_timeout(30_000)
    return page


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()
