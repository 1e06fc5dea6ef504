"""The pages have one look: tokens are named once, each badge is made in one place."""

import gzip
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch

WEB = Path(__file__).parents[2] / "web"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))


def ours(ending: str) -> list[Path]:
    """The static files that we wrote."""
    static = WEB / "static"
    found = [path.relative_to(static) for path in sorted(static.rglob(f"*.{ending}"))]
    return [static / path for path in found if path.parts[0] != "vendor"]


TONES = ("good", "info", "warn", "bad", "rare")
SHEETS, SCRIPTS = ours("css"), ours("js")
WIDEST = 120
TOKENS = WEB / "static" / "styles" / "tokens.css"
BADGES = WEB / "templates" / "_badges.html"
# `badge` and `mark`, and what colours them: a method, a status, the states.
BADGE_CLASS = re.compile(r"[\"'\s](badge|mark|m-\w+|m-\{|s[0-5]|a-[\w{]+|d-[\w{]+)")
CLASSES = re.compile(r"class(?:Name)?\s*=\s*(\"[^\"]*\"|'[^']*')")
# What has a name wherever it stands; the rest of a shape may be a sheet's own.
NAMED = (
    "font",
    "font-size",
    "line-height",
    "font-weight",
    "border-radius",
    "box-shadow",
)
# The dot of the live button, and its ring: they are of no scale.
OF_NO_SCALE = {"inherit", "50%", "inset 3px 0 var(--accent)"}
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch|oklab|lab|lch)a?\(")


def declarations(path: Path) -> list[tuple[str, str]]:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    found = re.findall(r"[{;]\s*([\w-]+)\s*:\s*([^;{}]+);", re.sub(r";", ";;", text))
    return [(name, " ".join(value.split())) for name, value in found]


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_sizes_weights_and_colours_are_tokens(path: Path) -> None:
    found = declarations(path)
    assert len(found) > 3
    if path == TOKENS:
        return
    for name, value in found:
        assert not COLOUR.search(value), (name, value)
        if name in NAMED and value not in OF_NO_SCALE:
            left = re.sub(r"var\(--[\w-]+\)", "", value)
            assert not left.strip(" /"), (name, value)


def test_each_token_is_there_and_used() -> None:
    sheets = "".join(path.read_text() for path in SHEETS)
    used = set(re.findall(r"var\((--[\w-]+)\)", sheets))
    assert used == {name for name, _ in declarations(TOKENS) if name.startswith("--")}


@pytest.mark.browser
async def test_light_and_dark_are_chosen_by_the_system_or_by_the_page(
    browser: Browser, appliance: Appliance
) -> None:
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go("/tokens")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    seen = {}
    for system in ("light", "dark"):
        await page.emulate_media(color_scheme=system)
        for theme in ("", "light", "dark"):
            await page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            seen[system, theme] = await page.evaluate(ground)
    light, dark = seen["light", ""], seen["dark", ""]
    assert light != dark
    assert seen["light", "light"] == seen["dark", "light"] == light
    assert seen["light", "dark"] == seen["dark", "dark"] == dark
    assert watched.complaints == []


# What is read on what, and how much contrast WCAG asks of it (1.4.3, 1.4.11).
SURFACES = ("ground", "sheet", "sunken")
READ = [
    *((ink, on, 4.5) for ink in ("ink", "ink-2", "accent") for on in SURFACES),
    *((tone, on, 4.5) for tone in TONES for on in (*SURFACES, f"{tone}-soft")),
    ("accent", "accent-soft", 4.5),
    ("ink", "accent-soft", 4.5),
    ("ink-2", "accent-soft", 4.5),
    ("accent-ink", "accent", 4.5),
    *(("line-strong", on, 3) for on in SURFACES),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_of_text_states_and_methods_pass_contrast(theme: int) -> None:
    pairs = re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", TOKENS.read_text()
    )
    colours = {name: _luminance(both[theme]) for name, *both in pairs}
    for ink, on, least in READ:
        darker, lighter = sorted((colours[ink], colours[on]))
        assert (lighter + 0.05) / (darker + 0.05) >= least, (ink, on)


def _luminance(colour: str) -> float:
    """Of WCAG 2: how bright it is, relative to white."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_scripts_of_all_pages_are_small() -> None:
    """But for the two readers of the API's reference, which are pages of their own."""
    charts = WEB / "static" / "vendor" / "uplot" / "uPlot.iife.min.js"
    sent = sum(len(gzip.compress(path.read_bytes())) for path in (*SCRIPTS, charts))
    assert sent < 150_000


@pytest.mark.browser
async def test_the_bar_is_one_line_and_the_look_is_chosen_and_kept(
    browser: Browser, appliance: Appliance
) -> None:
    watched = await watch(browser, appliance, width=390)
    page = watched.page
    for path in ("/", "/dashboard", "/tokens"):
        await watched.go(path)
        for width in (2560, 1280, 768, 390):
            await page.set_viewport_size({"width": width, "height": 900})
            bar = page.locator(".top")
            assert await bar.evaluate("bar => bar.offsetHeight") == 44
            assert await bar.evaluate(
                """bar => [...bar.querySelectorAll("a, summary")].every(one =>
                    one.getBoundingClientRect().right <= innerWidth)"""
            )
            assert not await watched.is_wider_than_its_window(), (width, path)
    menu = page.get_by_label("More", exact=True)
    await menu.click()
    assert await watched.serious_findings() == []
    await page.get_by_text("Dark", exact=True).click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="Tokens")).to_be_hidden()
    await expect(menu).to_be_focused()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await menu.click()
    await page.get_by_text("System", exact=True).click()
    await expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")
    await page.get_by_role("link", name="Tokens").click()
    await expect(page.get_by_role("heading", name="Tokens", exact=True)).to_be_visible()
    assert watched.complaints == []


@pytest.mark.browser
async def test_of_what_repeats_two_are_looked_at_and_each_that_is_another(
    browser: Browser, appliance: Appliance
) -> None:
    watched = await watch(browser, appliance)
    await watched.go("/tokens")
    await watched.page.evaluate(
        """() => {
            const row = (n, attributes) =>
                `<li><a href="/${n}" id="a-${n}">row ${n}</a><img ${attributes}></li>`;
            const rows = [0, 1, 2, 3, 4].map((n) => row(n, `src="/${n}"`));
            const list = document.createElement("ul");
            list.innerHTML = [...rows, row(5, 'src="/5" class="odd"')].join("");
            list.querySelectorAll("a").forEach((a) => (a.style.color = "#777"));
            list.style.background = "#888";
            document.querySelector("main").append(list);
        }"""
    )
    found = [finding.split(":")[0] for finding in await watched.serious_findings()]
    # In light and dark.
    assert found.count("color-contrast") == 2 * 3
    assert found.count("image-alt") == 3


def test_each_badge_is_made_by_its_one_macro() -> None:
    macros = BADGES.read_text()
    for name in ("badge", "mark"):
        assert macros.count(f'class="{name}') == 1
    for path in TEMPLATES:
        if path != BADGES:
            made = [
                c for c in CLASSES.findall(path.read_text()) if BADGE_CLASS.search(c)
            ]
            assert made == [], path.name
    for path in SCRIPTS:
        assert not re.search(r"[\"'`](badge|mark)[ \"'`]", path.read_text()), path.name


def test_no_badge_is_made_for_nothing() -> None:
    pages = "".join(path.read_text() for path in TEMPLATES)
    for name in re.findall(r"{% macro (\w+)\(", BADGES.read_text()):
        assert len(re.findall(rf"\b(badges\.)?{name}\(", pages)) > 1, name


def test_scripts_are_modules_that_a_page_reaches_by_one_address() -> None:
    """Under two addresses, with a digest and without, a module would run twice."""
    static = WEB / "static"
    pages = "".join(path.read_text() for path in TEMPLATES)
    named = re.findall(r"(?:asset|script)\(['\"]([^'\"]+\.js)['\"]\)", pages)
    reached = {static / name for name in named}
    waiting = entries = reached & set(SCRIPTS)
    while waiting:
        found = {imported for path in waiting for imported in imports(path)}
        assert not found & entries
        waiting, reached = found - reached, reached | found
    assert reached & set(SCRIPTS) == set(SCRIPTS)
    for path in SCRIPTS:
        assert len(path.read_text().splitlines()) <= 100, path.name


def test_a_page_is_shown_once_its_modules_have_run() -> None:
    """All that they import is asked for at once, and no press comes before them."""
    by_hand = [path.name for path in TEMPLATES if 'type="module"' in path.read_text()]
    assert by_hand == ["_scripts.html", "swagger.html"]


def imports(path: Path) -> list[Path]:
    names = re.findall(
        r"^import (?:.* from )?\"(.*)\";$", path.read_text(), re.MULTILINE
    )
    assert all(name.startswith(("./", "../")) for name in names), path.name
    return [(path.parent / name).resolve() for name in names]


def test_no_line_is_too_wide_to_be_read() -> None:
    for path in (*TEMPLATES, *SHEETS, *SCRIPTS):
        wide = [line for line in path.read_text().splitlines() if len(line) > WIDEST]
        assert wide == [], path.name
