"""The parts of a log's page: each body by its kind, usual figures, its neighbours."""

import asyncio
import base64
import json
import re
import struct
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest
from playwright.async_api import Browser, Page, expect

from appliance.start.running import Appliance
from tests.support.browsing import watch
from tests.support.coded_bodies import PROTO, coded
from tests.support.patience import PATIENCE_S
from tests.support.running import bearer, make_key, register
from tests.support.upstreams import answering, upstream

pytestmark = pytest.mark.browser
HOSTILE = "<script>window.stolen=1</script><img src=x onerror=window.stolen=1>"
TOKEN = (
    f"{coded({'alg': 'HS256', 'typ': HOSTILE})}.{coded({'sub': HOSTILE, 'exp': 1})}.x"
)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PARTS = (
    (
        f'--b\r\nContent-Disposition: form-data; name="{HOSTILE}"\r\n\r\n'
        '{"a":1}\r\n--b\r\n'
        'Content-Disposition: form-data; name="f"; filename="<b>.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    ).encode()
    + PIXEL
    + b"\r\n--b--\r\n"
)
FRAMED = struct.pack("!BI", 0, len(PROTO)) + PROTO
# Content type, body, the shape that is shown first, and what is seen in it.
KINDS: list[tuple[str, bytes, str, str]] = [
    (
        "application/json",
        json.dumps({"t": TOKEN, HOSTILE: [1.5, None, True]}).encode(),
        "Tree",
        HOSTILE,
    ),
    ("application/x-ndjson", b'{"a": 1}\n{"a": 2}\n', "Lines", "2"),
    ("application/x-www-form-urlencoded", b"a=1&b=%3Cb%3E&a=", "Form", "<b>"),
    ("multipart/form-data; boundary=b", PARTS, "Parts", "<b>.png"),
    ("application/xml", f"<a><b>{HOSTILE}</b></a>".encode(), "XML", "<b>"),
    ("image/svg+xml", f"<svg onload='{HOSTILE}'><g/></svg>".encode(), "XML", "<svg"),
    ("text/html", HOSTILE.encode(), "Raw", HOSTILE),
    ("image/png", PIXEL, "Image", ""),
    ("application/x-protobuf", PROTO, "Protobuf, by field number", "testing"),
    ("application/grpc", FRAMED, "gRPC, by field number", "message 1"),
    (
        "application/msgpack",
        msgspec.msgpack.encode({"k": [b"\0", 7]}),
        "MessagePack",
        "7",
    ),
    ("application/octet-stream", b"\0\1\2", "Hex", "00 01 02"),
]


async def once_stored(client: httpx.AsyncClient, id: str) -> None:
    for _ in range(6_000):
        if (await client.get(f"/v1/logs/{id}")).status_code == 200:
            return
        await asyncio.sleep(0.01)


async def through(
    appliance: Appliance,
    client: httpx.AsyncClient,
    answer: tuple[str, bytes],
    **sent: Any,
) -> str:
    """Pass a request and *answer* through the proxy; the id of its log."""
    kind, body = answer
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    head = "\r\n".join([*lines, "", ""])
    async with (
        upstream(answering(head.encode() + body)) as port,
        httpx.AsyncClient(
            base_url=appliance.proxy_url, verify=False, timeout=PATIENCE_S
        ) as through,
    ):
        listed = (await client.get("/v1/services")).json()["items"]
        base_url = f"http://127.0.0.1:{port}"
        if listed:
            await client.patch(
                f"/v1/services/{listed[0]['id']}", json={"base_url": base_url}
            )
        else:
            await register(client, base_url=base_url)
        answered = await through.request("POST", "/pay/things/1?q=1", **sent)
    id = answered.headers["x-monitor-log-id"]
    await once_stored(client, id)
    return str(id)


def shape(page: Page) -> Any:
    return page.locator(".shape:visible")


async def test_each_kind_of_body_has_its_shape_and_all_is_inert(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    watched = await watch(browser, appliance)
    page = watched.page
    for kind, body, name, seen in KINDS:
        id = await through(appliance, client, (kind, body))
        await watched.go(f"/log/{id}?tab=response")
        await expect(page.get_by_role("radio").first, kind).to_be_checked()
        await expect(shape(page)).to_have_attribute(
            "aria-label", f"{name} of the response body"
        )
        if seen:
            await expect(shape(page)).to_contain_text(seen)
        else:
            width = await page.locator("img.preview").evaluate("(i) => i.naturalWidth")
            assert width == 1
        # By keyboard, to the last one there always is.
        await page.get_by_role("radio").first.focus()
        await page.keyboard.press("ArrowUp")
        await expect(shape(page)).to_have_attribute(
            "aria-label", "Hex of the response body"
        )
        assert await page.evaluate("window.stolen") is None
        assert await watched.serious_findings() == [], kind
        assert "shape=Hex" in page.url or name == "Hex"
        saved = await client.get(f"/v1/logs/{id}/response_body")
        assert saved.content == body
    assert watched.complaints == []


async def test_trees_tokens_and_queries(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    query = "query Shoes($n: Int) {\n  shoes(first: $n) { id }\n}"
    asked = {"query": query, "variables": {"n": 3}, "operationName": "Shoes"}
    nested = {"token": TOKEN, "items": [{"deep": {"a b": "find me"}}, 2]}
    id = await through(
        appliance,
        client,
        ("application/json", json.dumps(nested).encode()),
        json=asked,
        headers={"X-Trace": TOKEN, "Authorization": f"Bearer {TOKEN}"},
    )
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"/log/{id}")
    await page.get_by_role("tab", name="Request").click()
    await expect(shape(page).locator("pre")).to_have_text(query)
    await expect(shape(page)).to_contain_text("operationName: Shoes")
    await page.get_by_text("Variables", exact=True).click()
    await expect(shape(page).locator(".leaf")).to_have_text("n 3")
    # What is masked stays so; a token elsewhere is read, and nobody vouches for it.
    token = page.locator(".token")
    await expect(token).to_have_count(1)
    await expect(token).to_contain_text("in X-Trace")
    await expect(token).to_contain_text("not verified")
    await expect(token.locator("time")).to_have_attribute(
        "datetime", "1970-01-01T00:00:01.000Z"
    )

    await page.get_by_role("tab", name="Response").click()
    tree = shape(page)
    await tree.get_by_role("button", name="Fold all", exact=True).click()
    await expect(tree.get_by_text("find me")).to_be_hidden()
    await tree.get_by_role("searchbox").fill("FIND")
    await expect(tree.get_by_text("find me")).to_be_visible()
    await tree.get_by_text("find me").click()
    await expect(tree.locator("[data-tree-path] code")).to_have_text(
        '$.items[0].deep["a b"]'
    )
    await tree.get_by_role("button", name="Copy value").click()
    assert await page.evaluate("navigator.clipboard.readText()") == "find me"
    await tree.get_by_role("button", name="Copy path").click()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == '$.items[0].deep["a b"]'
    # Plus and minus beside a value lead to the logs with it, and without.
    await tree.get_by_text("find me").hover()
    term = 'res.$.items[*].deep["a b"]:"find me"'
    assert await tree.get_by_label(f"Only logs without {term}").is_visible()
    # The Tab key goes past them; at a value its own keys press them.
    assert await tree.locator(".sift a:not([tabindex='-1'])").count() == 0
    await tree.get_by_text("find me").click()
    await page.keyboard.press("+")
    await expect(page.locator("#logs tr[data-log]")).to_have_count(1)
    await expect(page.locator("#f-query")).to_have_value(term)
    await page.go_back()
    for name, begin in (
        ("Copy as curl", "curl"),
        ("HTTPie", "#"),
        ("Python httpx", "#"),
        ("JavaScript fetch", "//"),
        ("Link", appliance.app_url),
    ):
        if name != "Copy as curl":
            await page.locator("summary", has_text="Copy as …").click()
        await page.get_by_role("button", name=name, exact=True).click()
        await expect(page.locator("#live")).to_have_text("Copied.")
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith((begin, "#")), copied
    assert watched.complaints == []


async def test_what_is_long_comes_when_it_is_asked_for(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    service = await register(client)
    key = (await make_key(client, service["id"]))["raw_key"]
    items = [{"n": n, "t": f"text {n} {'x' * 60}"} for n in range(1_000)]
    log = {
        "method": "GET",
        "url": "https://pay.internal/many",
        "path": "/many",
        "status_code": 200,
        "response_headers": {"Content-Type": "application/json"},
        "response_body": json.dumps({"items": items}),
    }
    pushed = await client.post("/v1/logs", json=log, headers=bearer(key))
    id = pushed.json()["id"]
    for scripted in (True, False):
        context = await browser.new_context(java_script_enabled=scripted)
        page = await context.new_page()
        await page.goto(f"{appliance.app_url}/log/{id}?tab=response")
        tree = page.locator("[data-tree]")
        more = page.locator("main").get_by_text("more", exact=False)
        await expect(tree).to_contain_text("text 98 ")
        await expect(tree.get_by_text("text 150 ")).to_have_count(0)
        await more.last.click()
        await expect(tree).to_contain_text("text 150 ")
        # In place where there is a script, else as a page that begins there.
        assert await tree.get_by_text("text 98 ").count() == scripted
        if scripted:
            await tree.get_by_text("text 150 ").click()
            path = page.locator("[data-tree-path] code")
            await expect(path).to_have_text("$.items[150].t")
            await page.get_by_role("searchbox").last.fill("text 15")
            await expect(page.locator("[data-tree-found]")).to_have_text(
                re.compile("found of what is loaded")
            )
        await page.get_by_text("Raw", exact=True).last.click()
        raw = page.get_by_role("region", name="Raw of the response body, as text")
        assert len(await raw.text_content() or "") == 32 * 1024
        await page.get_by_role("link", name="Show all").last.click()
        await expect(raw).to_contain_text("text 999 ")
    assert "shape=Raw" in page.url


async def test_a_log_stands_among_its_neighbours_and_what_is_usual(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    service = await register(client)
    key = (await make_key(client, service["id"]))["raw_key"]
    ids = []
    for n, status in enumerate((200, 503, 200, 503, 200)):
        log = {
            "method": "GET",
            "url": f"https://pay.internal/orders/{n}",
            "path": f"/orders/{n}",
            "status_code": status,
            "latency_ms": 10.0 if n < 4 else 900.0,
        }
        pushed = await client.post("/v1/logs", json=log, headers=bearer(key))
        ids.append(pushed.json()["id"])
    watched = await watch(browser, appliance)
    page = watched.page
    await watched.go(f"/log/{ids[3]}?from=status_code%3D503")
    newer = page.get_by_role("link", name="Newer log of the list")
    older = page.get_by_role("link", name="Older log of the list")
    await expect(newer).to_have_count(0)
    await older.click()
    await expect(page).to_have_url(
        f"{appliance.app_url}/log/{ids[1]}?from=status_code%3D503&"
    )
    await expect(older).to_have_count(0)
    await watched.go(f"/log/{ids[2]}?tab=raw")
    await expect(page.get_by_role("region", name="Request, raw")).to_contain_text(
        "GET https://"
    )
    await newer.click()
    await expect(page).to_have_url(f"{appliance.app_url}/log/{ids[3]}?tab=raw")
    await page.wait_for_load_state("load")
    await page.keyboard.press("j")
    await expect(page).to_have_url(f"{appliance.app_url}/log/{ids[2]}?tab=raw")
    await watched.go(f"/log/{ids[4]}")
    usual = page.locator(
        "section", has=page.get_by_role("heading", name="This endpoint")
    )
    await expect(usual).to_contain_text("50.0 %")
    await expect(usual).to_contain_text("of 4 requests")
    await expect(usual).to_contain_text("this one took longer")
    half = {**log, "response_body": '{"a\\ud800": "b\\udfff"}'}
    pushed = await client.post("/v1/logs", json=half, headers=bearer(key))
    await watched.go(f"/log/{pushed.json()['id']}?tab=response")
    await expect(page.locator(".leaf")).to_have_text("a\\ud800 b\\udfff")
    # No script is needed for any of it.
    plain = await browser.new_context(java_script_enabled=False)
    bare = await plain.new_page()
    await bare.goto(f"{appliance.app_url}/log/{ids[4]}")
    for name in ("Response", "Replays", "Raw"):
        await bare.get_by_role("tab", name=name).click()
        await expect(bare.get_by_role("tab", name=name)).to_have_attribute(
            "aria-selected", "true"
        )
    assert watched.complaints == []


async def test_its_parts_are_accessible_and_fit(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    kind, body, *_ = KINDS[0]
    id = await through(
        appliance,
        client,
        (kind, body),
        content=PARTS,
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    watched = await watch(browser, appliance, width=390)
    for tab in ("overview", "request", "response", "replays", "raw"):
        await watched.go(f"/log/{id}?tab={tab}")
        assert await watched.serious_findings() == [], tab
        assert not await watched.is_wider_than_its_window(), tab
    assert watched.complaints == []


async def test_plus_finds_the_log_by_each_value_that_has_one_and_minus_does_not(
    appliance: Appliance, client: httpx.AsyncClient
) -> None:
    packed = msgspec.msgpack.encode({"kind": "packed-1", "n": [1]})
    bodies = [
        # As they are spelled: spaces, escapes, quotes, what queries mean by a mark.
        (
            "application/x-ndjson",
            b'{"a": "first*","b":12}\n'
            b'{"a":"\\u00fc \\"q\\\\", "ok": true, "l": ["item"]}\n',
            5,
        ),
        ("application/msgpack", b"\x81\xa4kind\xa8packed-2", 0),
        ("application/msgpack", packed, 0),
        ("application/x-protobuf", PROTO, 0),
        ("application/x-protobuf", b"\x12\x07a small", 1),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="p"\r\n\r\n'
            b"of a part\r\n--b--\r\n",
            1,
        ),
    ]
    ids = [await through(appliance, client, (kind, body)) for kind, body, _ in bodies]
    for id, (kind, _, count) in zip(ids, bodies, strict=True):
        page = (await client.get(f"/log/{id}?tab=response")).text
        shape = page.split('class="shape"', 1)[1].split("</section>")[0]
        links = re.findall(r'<a href="(/dashboard\?query=[^"]*)" data-sift', shape)
        assert len(links) == 2 * count, (kind, links)
        for place, link in enumerate(links):
            query = unescape(link).partition("?")[2]
            found = (await client.get(f"/v1/logs?{query}")).json()
            is_there = id in [one["id"] for one in found["items"]]
            assert is_there == (place % 2 == 0), (kind, query, found)
