"""Forms of pages in a browser without scripts: all that they change, and refuse."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from appliance.start.running import Appliance
from monitor.access.ended_sessions import EndedSessions
from monitor.access.sessions import Sessions
from tests.support.browsing import plain_page, press, watch
from tests.support.receivers import refusing_url
from tests.support.running import LOG, appliance_on, bearer, client_of, register

pytestmark = pytest.mark.browser
HOSTILE = "\"><script>window.stolen=1</script>'&amp;"


async def test_a_rule_is_made_refused_mended_muted_and_deleted(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    await register(client, name="pay")
    page = await plain_page(browser)
    await page.goto(f"{appliance.app_url}/alerts-ui")
    await page.get_by_role("link", name="Make the first rule").click()
    # What is refused is said at its field, and all that was given is still there.
    form = page.get_by_role("dialog")
    await form.get_by_label("Service").select_option(label="all services")
    await form.get_by_label("Name").fill(HOSTILE)
    await form.get_by_label("Description").fill(f"one\n{HOSTILE}\nthree")
    await form.get_by_label("Comparison").select_option("<")
    await form.get_by_label("Value").fill("many")
    await form.get_by_label("Old logs too").check()
    await press(page, "Make the rule")
    await expect(form).to_be_visible()
    await expect(page).to_have_title(re.compile("^Not done"))
    value = form.get_by_label("Value")
    await expect(value).to_have_value("many")
    await expect(value).to_have_attribute("aria-invalid", "true")
    await expect(value).to_be_focused()
    await expect(form.locator('[data-error="condition_value"]')).not_to_be_empty()
    await expect(form.get_by_label("Name")).to_have_value(HOSTILE)
    described = form.get_by_label("Description")
    await expect(described).to_have_value(f"one\n{HOSTILE}\nthree")
    await expect(form.get_by_label("Comparison")).to_have_value("<")
    await expect(form.get_by_label("Old logs too")).to_be_checked()
    assert (await client.get("/v1/alerts")).json()["total"] == 0
    await value.fill("500")
    await form.get_by_label("Comparison").select_option(">=")
    await press(page, "Make the rule")
    await expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()

    async def rule() -> Any:
        found = (await client.get("/v1/alerts")).json()["items"]
        return found[0] if found else None

    made = await rule()
    assert made["service_id"] is None
    assert page.url.endswith(f"/alerts-ui?alert={made['id']}")
    assert made["description"] == f"one\n{HOSTILE}\nthree"
    assert made["include_old"]
    await press(page, "Pause")
    await expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert not (await rule())["is_active"]
    await page.get_by_text("Mute", exact=True).click()
    await press(page, "For a day")
    await press(page, "Unmute")
    assert (await rule())["muted_until"] is None
    await page.get_by_text("Mute", exact=True).click()
    await page.get_by_label("Until").fill("2999-01-02T03:04")
    await press(page, "Set until when")
    await expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    assert (await rule())["muted_until"].startswith("2999-01-02T03:04:00")
    await page.get_by_role("link", name="Edit").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill("Renamed")
    await form.get_by_label("Description").fill("")
    await press(page, "Save")
    await expect(page.get_by_role("heading", name="Renamed")).to_be_visible()
    assert (await rule())["description"] is None
    late = await page.context.new_page()
    await late.goto(page.url)
    await late.get_by_role("link", name="Edit").click()
    await late.get_by_role("dialog").get_by_label("Name").fill(f"Late {HOSTILE}")
    # What cannot be undone is asked first.
    await press(page, "Delete")
    await expect(page.get_by_text("Delete Renamed?")).to_be_visible()
    assert (await rule()) is not None
    await press(page, "Delete")
    await expect(page.get_by_text("Be told when something is wrong")).to_be_visible()
    assert (await rule()) is None
    # What somebody else has removed meanwhile is said, with what was given.
    await press(late, "Save")
    await expect(late.get_by_role("alert")).to_contain_text("no such")
    await expect(late.get_by_text(f"Late {HOSTILE}")).to_be_visible()
    await expect(late.get_by_role("button", name="Try again")).to_be_visible()


def carried(page: str, call: str) -> dict[str, str]:
    """What the form of *call* has of its own."""
    form = page.split(f'data-api="{call}"')[1].split("</form>")[0]
    names = ("_form", "_token")
    return {n: unescape(form.split(f'name="{n}"')[1].split('"')[1]) for n in names}


async def test_a_form_does_what_its_reader_may_and_nothing_else(
    database_url: str, tmp_path: Path
) -> None:
    secret, password = "k" * 32, "correct horse"
    sessions = Sessions(
        secret=secret.encode(),
        password=password.encode(),
        session_s=3600,
        ended=EndedSessions(),
    )
    mine, theirs = sessions.begin(), sessions.begin()
    settings = {"ADMIN_PASSWORD": password, "SECRET_KEY": secret}
    async with (
        appliance_on(database_url, tmp_path, **settings) as appliance,
        client_of(
            appliance, headers={"Cookie": f"apimonitor_session={mine}"}
        ) as client,
    ):
        made = await client.post("/v1/tokens", json={"name": "t", "read_only": True})
        reader = bearer(made.json()["raw_token"])
        page = (await client.get("/tokens")).text
        other = page.split('name="token" value="')[1].split('"')[0]
        form = {**carried(page, "POST /v1/tokens"), "name": "new"}

        async def posted(
            fields: dict[str, str], path: str = "/tokens", **headers: Any
        ) -> httpx.Response:
            return await client.post(path, data=fields, headers=headers)

        def signed(cookie: str = mine, **asked: Any) -> dict[str, str]:
            text = json.dumps(asked)
            return {"_form": text, "_token": sessions.form_token(cookie, text)}

        changed = {**form, "_form": form["_form"].replace("tokens", "channels")}
        for refused, status in (
            (await posted({**form, "_token": ""}), 403),
            (await posted({"name": "new"}), 403),
            # Of another form, of another call, and of another's session.
            (await posted({**form, "_token": other}), 403),
            (await posted(changed), 403),
            (await posted({**form, **signed(theirs, call="POST /v1/tokens")}), 403),
            (await posted(form, Cookie=f"apimonitor_session={theirs}"), 403),
            (await posted(form, **{"Sec-Fetch-Site": "cross-site"}), 403),
            (await posted(form, Origin="http://evil.example"), 403),
            (await posted(form, Host="evil.example"), 403),
            # As /v1 says of it.
            (await posted(form, **reader), 403),
            (await posted(form, Cookie="x=1"), 302),
            (await client.post("/tokens", files={"x": b"1"}, data=form), 400),
            (await posted({**form, "name": ""}), 422),
            # No call of /v1 that changes something.
            (await posted(signed(call="GET /v1/tokens")), 404),
            (await posted(signed(call="POST /signout")), 404),
            (await posted(signed(call="POST //evil.example/v1/tokens")), 404),
            (await posted(signed(call="POST /v1/tokens/../../signout")), 404),
            (await posted(signed(call="POST http://evil.example/v1/tokens")), 404),
            (await posted(signed(nothing="known")), 422),
            (await posted(signed(), "/alerts-ui/channels"), 422),
        ):
            assert refused.status_code == status, (refused.url, refused.text)
            assert "Traceback" not in refused.text
        listed = (await client.get("/v1/tokens")).json()["items"]
        assert [one["name"] for one in listed] == ["t"]

        # A sender's other headers may be of any octets.
        shown = await posted(form, "/tokens", **{"X-Odd": b"\xff\xe9"})
        assert shown.status_code == 200
        assert shown.headers["Cache-Control"] == "no-store"
        raw = re.findall(r"mtok_[\w-]+", shown.text)
        assert (await client.get("/v1/tokens", headers=bearer(raw[0]))).is_success
        # Nobody is led elsewhere.
        to: dict[str, Any] = {"call": "POST /v1/marks", "kinds": {"text": "text"}}
        for then in ("//evil.example", "https://evil.example", "/\\evil", "/{x}\n"):
            led = await posted({**signed(**to, then=then), "text": "deploy"})
            assert (led.status_code, led.headers["Location"]) == (303, "/")


async def test_a_service_its_keys_a_channel_and_a_mark_are_made_and_removed(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    page = await plain_page(browser)
    await page.goto(appliance.app_url)
    await page.get_by_role("link", name="Register the first service").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill(HOSTILE)
    await form.get_by_label("Base URL").fill("ftp://127.0.0.1")
    await press(page, "Register")
    await expect(form.locator('[data-error="base_url"]')).not_to_be_empty()
    await expect(form.get_by_label("Name")).to_have_value(HOSTILE)
    await form.get_by_label("Base URL").fill("http://127.0.0.1:9")
    await press(page, "Register")
    await expect(page).to_have_url(re.compile("/dashboard.service_id=.*live=true"))

    async def all_of(path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await client.get(path)).json()["items"]
        return found

    service = (await all_of("/v1/services"))[0]
    assert service["name"] == HOSTILE
    await page.goto(appliance.app_url)
    await page.get_by_role("link", name="Edit", exact=True).click()
    await form.get_by_label("Description").fill("Of payments")
    await form.get_by_text("Routing, retention and masking").click()
    await form.get_by_label("Record traffic").uncheck()
    await form.get_by_label("Mask in addition").fill("one\n\n two ")
    await form.get_by_label("Timeout, seconds").fill("2.5")
    await press(page, "Save")
    await expect(page.locator("dl.facts")).to_contain_text("off: requests pass")
    changed = (await all_of("/v1/services"))[0]
    different = {n: v for n, v in changed.items() if service[n] != v}
    assert different == {
        "description": "Of payments",
        "is_recording": False,
        "redact_fields": ["one", "two"],
        "timeout_s": 2.5,
        "updated_at": changed["updated_at"],
    }
    # A key is shown this once.
    await page.get_by_label("Name of a new key").fill("prod")
    await press(page, "Create a key")
    key = await page.get_by_label("The new key").text_content()
    pushed = await client.post("/v1/logs", json=LOG, headers=bearer(key or ""))
    assert pushed.status_code == 201
    await page.get_by_role("link", name="I have copied it").click()
    await press(page, "Revoke prod")
    await expect(
        page.get_by_text("Whoever uses it can push no more logs")
    ).to_be_visible()
    await press(page, "Revoke prod")
    await expect(page.get_by_text("revoked")).to_be_visible()

    await page.goto(f"{appliance.app_url}/alerts-ui/channels")
    await page.get_by_role("link", name="Make the first channel").click()
    await form.get_by_label("Name").fill("ops")
    await form.get_by_label("Kind").select_option("webhook")
    await form.get_by_label("Integration key").fill("of no webhook")
    await press(page, "Make the channel")
    await expect(form.locator('[data-error="url"]')).not_to_be_empty()
    await form.get_by_label("Address").fill(refusing_url())
    await press(page, "Make the channel")
    secret = await page.get_by_label("The secret").text_content()
    assert (secret or "").startswith("whsec_")
    await page.get_by_role("link", name="I have copied it").click()
    await press(page, "Send a test")
    await expect(page.get_by_role("region", name="Deliveries to")).to_contain_text(
        "test"
    )
    await press(page, "Pause")
    await page.get_by_role("link", name="Edit", exact=True).click()
    await form.get_by_label("Name").fill("on call")
    await press(page, "Save")
    await expect(page.get_by_role("heading", name="on call")).to_be_visible()
    channel = (await all_of("/v1/channels"))[0]
    assert (channel["name"], channel["is_active"]) == ("on call", False)
    await press(page, "Delete")
    await expect(page.get_by_role("heading", name="Are you sure?")).to_be_visible()
    await press(page, "Delete")
    await expect(page.get_by_role("heading", name="Whom to tell")).to_be_visible()

    await page.goto(f"{appliance.app_url}/metrics-ui")
    await page.get_by_text("Mark a moment").click()
    await page.get_by_label("What it is").fill(HOSTILE)
    await press(page, "Mark now")
    await press(page, f"Remove {HOSTILE}")
    assert [one["text"] for one in await all_of("/v1/marks")] == [HOSTILE]
    await press(page, f"Remove {HOSTILE}")
    await expect(page.get_by_text("None in this time.")).to_be_visible()

    # What its name confirms goes only by its name.
    await page.goto(appliance.app_url)
    await page.get_by_role("link", name="Delete", exact=True).click()
    for typed, left in (("pay", 1), (HOSTILE, 0)):
        await form.get_by_label("Type the name to confirm").fill(typed)
        await press(page, "Delete")
        if left:
            await expect(form.get_by_text("The name is not the same.")).to_be_focused()
        assert len(await all_of("/v1/services")) == left
    await expect(page.get_by_text("Put API Monitor in front")).to_be_visible()


async def test_pages_that_answer_a_form_are_accessible_and_fit(
    browser: Browser, appliance: Appliance, client: httpx.AsyncClient
) -> None:
    service = await register(client, name=HOSTILE)
    watched = await watch(browser, appliance, width=390)
    page = watched.page
    # As if its scripts were not there; what looks at the page is one.
    await page.route("**/static/app.js*", lambda route: route.abort())

    async def sends(path: str, form: str, title: str, **given: str) -> None:
        await watched.go(path)
        found = page.locator(form)
        for name, value in given.items():
            await found.locator(f"[name={name}]").evaluate(
                "(field, value) => { field.value = value; }", value
            )
        await found.evaluate("form => form.submit()")
        await expect(page).to_have_title(re.compile(title))
        assert await watched.serious_findings() == []
        assert not await watched.is_wider_than_its_window()

    await sends("/alerts-ui", "#new-rule form", "^Not done", condition_value="x" * 900)
    await sends("/", "form[data-then=key]", "^Copy the key now", name="k")
    await sends("/", "td form[data-confirm]", "^Are you sure")
    await watched.go("/")
    await client.delete(f"/v1/services/{service['id']}")
    await page.locator("#edit form").evaluate("form => form.submit()")
    await expect(page.get_by_role("heading", name="What you gave")).to_be_visible()
    assert await watched.serious_findings() == []
    assert not await watched.is_wider_than_its_window()
    assert not await page.evaluate("'stolen' in window")
