"""The pages have one look: tokens are named once, each badge is made in one place."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser

from appliance.start.running import Appliance
from tests.support.browsing import watch

WEB = Path(__file__).parents[2] / "web"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))


def ours(ending: str) -> list[Path]:
    """The static files that we wrote."""
    static = WEB / "static"
    found = [path.relative_to(static) for path in sorted(static.rglob(f"*.{ending}"))]
    return [static / path for path in found if path.parts[0] != "vendor"]


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
