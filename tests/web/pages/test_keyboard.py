"""Every page by keyboard alone: focus is seen wherever it is, and comes around."""

from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.running import LOG, bearer, make_key, register

pytestmark = pytest.mark.browser
MOST_STEPS, AT_ONCE = 400, 12
# Notes what has the focus, and whether that is seen: by its own outline or its label's.
WALK = r"""
    () => {
        const first = document.querySelector('.skip');
        const all = { opacityProperty: true, visibilityProperty: true };
        const shown = (one) => {
            const { outlineStyle, outlineWidth } = getComputedStyle(one);
            const { width, height, bottom, top } = one.getBoundingClientRect();
            const isInside = bottom > 0 && top < innerHeight;
            const isLarge = width > 3 && height > 3;
            const isOutlined = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
            return isInside && isLarge && isOutlined && one.checkVisibility(all);
        };
        const name = (one) => one.outerHTML.replace(/\s+/g, ' ').slice(0, 160);
        window.walk = { steps: 0, unseen: [], around: false, reached: new Set(), name };
        document.addEventListener('focusin', ({ target }) => {
            if (target === first && walk.steps) walk.around = true;
            if (walk.around) return;
            walk.steps += 1;
            walk.reached.add(name(target));
            if (![target, ...(target.labels ?? [])].some(shown)) {
                walk.unseen.push(name(target));
            }
        });
    }
"""
# What could have had it, and was passed over.
MISSED = """
    () => [...document.querySelectorAll(
            'a[href], button, input, select, textarea, summary, [tabindex]')]
        .filter((one) => one.tabIndex >= 0 && !one.disabled && one.type !== 'radio'
            && one.checkVisibility({ opacityProperty: true, visibilityProperty: true })
            && one.getBoundingClientRect().width > 0 && !one.closest('dialog'))
        .map(walk.name)
        .filter((name) => !walk.reached.has(name))
"""


async def push(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    service = await register(client, name="Pay", base_url="http://127.0.0.1:9")
    key = bearer((await make_key(client, service["id"]))["raw_key"])
    logs = [
        {**LOG, "url": f"http://127.0.0.1:9/{n}", "status_code": 200 + n, "tags": ["a"]}
        for n in range(2)
    ]
    answer = await client.post("/v1/logs/batch", json=logs, headers=key)
    rule = {
        "service_id": service["id"],
        "name": "Slow",
        "condition_field": "latency_ms",
    }
    rule |= {"condition_operator": ">=", "condition_value": "2000"}
    await client.post("/v1/alerts", json=rule)
    await client.post("/v1/views", json={"name": "Mine"})
    await client.post("/v1/tokens", json={"name": "mine"})
    hook = {"name": "hook", "kind": "webhook", "config": {"url": "https://example.com"}}
    await client.post("/v1/channels", json=hook)
    ids: list[str] = answer.json()["ids"]
    return service["id"], ids


async def walked(page: Page) -> dict[str, Any]:
    await page.evaluate(WALK)
    for _ in range(MOST_STEPS // AT_ONCE):
        for _ in range(AT_ONCE):
            await page.keyboard.press("Tab")
        if await page.evaluate("walk.around"):
            break
    found: dict[str, Any] = await page.evaluate(
        "({ steps: walk.steps, unseen: walk.unseen, around: walk.around })"
    )
    found["missed"] = await page.evaluate(MISSED)
    return found


async def test_the_tab_key_leads_through_every_page_and_is_always_seen(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    service, (a, b) = await push(client)
    watched = await watch(browser, appliance)
    tabs = ("overview", "request", "response", "replays", "raw")
    wrong = {}
    for path in (
        "/",
        f"/?service={service}",
        "/dashboard?live=false",
        "/dashboard?query=status:&live=false",
        *(f"/log/{a}?tab={tab}" for tab in tabs),
        "/replay",
        f"/replay/{a}",
        f"/compare?a={a}&b={b}",
        "/metrics-ui",
        "/metrics-ui/endpoints",
        "/alerts-ui",
        "/alerts-ui/channels",
        "/status",
        "/tokens",
        "/exchanges",
        "/import",
        "/views",
        "/troubleshooting",
        # From here on, on a phone.
        "/metrics-ui?range=1h",
        f"/log/{b}",
        "/dashboard?live=false",
    ):
        if path.endswith("range=1h"):
            await watched.page.set_viewport_size({"width": 390, "height": 900})
        await watched.go(path)
        found = await walked(watched.page)
        assert found.pop("steps") > 5, path
        if found != {"around": True, "unseen": [], "missed": []}:
            wrong[path] = found
    assert wrong == {}


async def test_focus_stays_with_what_is_done(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    _, (a, b) = await push(client)
    watched = await watch(browser, appliance)
    page, key = watched.page, watched.page.keyboard
    page.on("dialog", lambda dialog: dialog.accept())
    await watched.go("/dashboard?live=false&limit=1")
    link = page.locator(f'.logs tr[data-log="{b}"] .path-line > a')
    pane = page.get_by_label("The log", exact=True)
    await key.press("j")
    await expect(link).to_be_focused()
    await key.press("Enter")
    await expect(pane).to_be_focused()
    await key.press("]")
    tab = pane.get_by_role("tab", name="Request")
    await expect(tab).to_have_attribute("aria-selected", "true")
    await key.press("Escape")
    await expect(link).to_be_focused()
    # A log that was open beside the list leaves none of its keys behind.
    await key.press("j")
    await expect(link).to_be_focused()
    assert "cursor" not in page.url

    menu = page.locator("summary", has_text="Views")
    for name, opened in (
        ("Save this as a view", "Save this as a view"),
        ("Change or remove", "Change a view"),
    ):
        await menu.press("Enter")
        await page.get_by_role("button", name=name).press("Enter")
        await expect(page.get_by_role("dialog", name=opened)).to_be_visible()
        await key.press("Escape")
        await expect(menu).to_be_focused()
    more = page.get_by_label("More", exact=True)
    await more.press("Enter")
    await page.get_by_role("button", name="Keyboard shortcuts").press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await key.press("Escape")
    await expect(more).to_be_focused()

    await watched.go("/dashboard?live=false")
    scroll = page.locator("#logs .scroll")
    for act in ("Clear", "Delete"):
        await link.focus()
        await key.press("c")
        await page.get_by_role("toolbar").get_by_role("button", name=act).press("Enter")
        await expect(page.get_by_role("toolbar")).to_be_hidden()
        await expect(scroll).to_be_focused()
    await expect(page.locator("#count")).to_contain_text("1 log")
    await scroll.press("j")
    await expect(
        page.locator(f'.logs tr[data-log="{a}"] .path-line > a')
    ).to_be_focused()
    assert watched.complaints == []
