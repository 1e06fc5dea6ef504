"""Every page by keyboard alone: focus is seen wherever it is, and comes around."""

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from appliance.start.running import Appliance
from tests.support.browsing import Watched, watch
from tests.support.running import LOG, bearer, make_key, register

pytestmark = pytest.mark.browser
MOST_STEPS, AT_ONCE = 400, 12
# Notes what has the focus, and whether that is seen: by its own outline or its label's.
WALK = """
    () => {
        const first = document.querySelector('.skip');
        const shown = (one) => {
            const { outlineStyle, outlineWidth } = getComputedStyle(one);
            const { width, height } = one.getBoundingClientRect();
            const clear = one.checkVisibility({ opacityProperty: true, visibilityProperty: true });
            return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 && clear && width > 3 && height > 3;
        };
        const inside = (one) => {
            const { bottom, top } = one.getBoundingClientRect();
            return bottom > 0 && top < innerHeight;
        };
        const name = (one) => one.outerHTML.replace(/\\s+/g, ' ').slice(0, 160);
        window.walk = { steps: 0, unseen: [], around: false, reached: new Set(), name };
        document.addEventListener('focusin', ({ target }) => {
            if (target === first && walk.steps) walk.around = true;
            if (walk.around) return;
            walk.steps += 1;
            walk.reached.add(name(target));
            if (![target, ...(target.labels ?? [])].some((one) => shown(one) && inside(one))) {
                walk.unseen.push(name(target));
            }
        });
    }
"""
# What could have had it, and was passed over.
MISSED = """
    () => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
        .filter((one) => one.tabIndex >= 0 && !one.disabled && !walk.reached.has(walk.name(one)) && one.type !== 'radio'
            && one.checkVisibility({ opacityProperty: true, visibilityProperty: true })
            && one.getBoundingClientRect().width > 0 && !one.closest('dialog'))
        .map(walk.name)
"""


async def push(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    service = await register(client, name="Pay", base_url="http://127.0.0.1:9")
    key = bearer((await make_key(client, service["id"]))["raw_key"])
    logs = [
        {**LOG, "url": f"http://127.0.0.1:9/{n}", "status_code": 200 + n, "tags": ["a"]}
        for n in range(2)
    ]
    answer = await client.post("/v1/logs/batch", json=logs, headers=key)
    rule = {"service_id": service["id"], "name": "Slow", "condition_field": "latency_ms"}
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


@pytest.mark.parametrize("width", [1280, 390])
async def test_the_tab_key_leads_through_every_page_and_is_always_seen(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient, width: int
) -> None:
    service, (a, b) = await push(client)
    watched = await watch(browser, appliance, width=width)
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
    ):
        await watched.go(path)
        found = await walked(watched.page)
        assert found.pop("steps") > 5, path
        if found != {"around": True, "unseen": [], "missed": []}:
            wrong[path] = found
    assert wrong == {}
