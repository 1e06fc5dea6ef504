"""The demo's shop as it is registered: services, keys, history, rules and a channel."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from aiohttp import ClientSession

from appliance.demo import history
from monitor.storage.alerts.past import AlertPast
from monitor.storage.stores import Stores

NAME = "demo shop"
SEED = 7
LIMIT = {"limit": "500"}
RULES: tuple[dict[str, Any], ...] = (
    {
        "service": NAME,
        "name": "Checkout is broken",
        "description": "Each answer of 503 that a customer got.",
        "query": "status:503",
        "cooldown_s": 60,
    },
    {
        "service": "demo payments",
        "name": "Charges fail",
        "description": "More than one in ten, over five minutes.",
        "query": "path:/charges",
        "aggregate": "error_rate",
        "window_s": 300,
        "condition_operator": ">",
        "condition_value": "0.1",
        "recovery_threshold": 0.05,
    },
    {
        "service": None,
        "name": "Slow for everybody",
        "aggregate": "p95_latency_ms",
        "window_s": 300,
        "condition_operator": ">",
        "condition_value": "2000",
    },
)
VIEWS: tuple[dict[str, Any], ...] = (
    {"name": "Failed charges", "filters": {"query": "path:/charges status:>=500"}},
    {"name": "Slow reviews", "filters": {"query": "path:*/reviews latency:>200"}},
)


@dataclass(frozen=True, slots=True)
class Stand:
    """A service that stands: how it is reached through the proxy, and a key of it."""

    id: str
    slug: str
    key: str


async def stands(
    session: ClientSession, app_url: str, upstream_url: str, named: dict[str, str]
) -> dict[str, Stand]:
    """The services of *named*, by name with a description, made or found again."""
    found = {}
    for name, description in named.items():
        fields = {"name": name, "description": description, "base_url": upstream_url}
        service = await _registered(session, f"{app_url}/v1/services", fields)
        keys = f"{app_url}/v1/services/{service['id']}/keys"
        async with session.post(keys, json={"name": "demo"}) as answer:
            key = (await answer.json())["raw_key"]
        found[name] = Stand(service["id"], service["slug"], key)
    return found


async def fill(
    session: ClientSession, app_url: str, stands: dict[str, Stand], now: datetime
) -> bool:
    """The day before *now*, and the marks of it, unless they are there."""
    async with session.get(f"{app_url}/v1/marks") as answer:
        if (await answer.json())["total"]:
            return False
    await push(session, app_url, stands, now, history.TODAY)
    deployed, out = now - history.DEPLOY_AGO, now - history.OUTAGE_AGO
    for name, text, moment in (
        ("demo catalog", "deploy catalog 2.4.0", deployed),
        ("demo payments", "payment provider unreachable", out - history.OUTAGE),
    ):
        mark = {"text": text, "timestamp": moment.isoformat()}
        key = {"Authorization": f"Bearer {stands[name].key}"}
        await _post(session, f"{app_url}/v1/marks", json=mark, headers=key)
    return True


async def push(
    session: ClientSession,
    app_url: str,
    stands: dict[str, Stand],
    now: datetime,
    ago: timedelta,
) -> None:
    """What was logged in the day that ended *ago*."""
    random = Random(SEED + ago.days)
    for service in history.SERVICES:
        await _post(
            session,
            f"{app_url}/v1/logs/batch",
            data=b"".join(history.lines(service, now, random, ago)),
            headers={
                "Content-Type": "application/x-ndjson",
                "Authorization": f"Bearer {stands[service.name].key}",
            },
        )


async def look_back(stores: Stores, now: datetime) -> None:
    """What the rules would have found of that."""
    past = AlertPast(stores.previews)
    alerts, _ = await stores.alerts.page(service_id=None, limit=len(RULES), offset=0)
    for alert in alerts:
        await past.find(alert, now)


async def furnish(
    session: ClientSession, app_url: str, stands: dict[str, Stand]
) -> None:
    """What people leave behind: views, a pinned log with a note, a replay."""
    for view in VIEWS:
        await _post(session, f"{app_url}/v1/views", json=view)
    shop = stands[NAME]
    asked = {"service_id": shop.id, "source": "proxy", "path": "/orders", "limit": "1"}
    async with session.get(f"{app_url}/v1/logs", params=asked) as answer:
        found = (await answer.json())["items"]
    if not found:
        return
    log = f"{app_url}/v1/logs/{found[0]['id']}"
    note = {"pinned": True, "tags": ["example"], "note": "What an order looks like."}
    async with session.patch(log, json=note):
        pass
    key = {"Authorization": f"Bearer {shop.key}"}
    changed = {"override_body": '{"product": 7, "quantity": 3}'}
    await _post(session, f"{log}/replay", json=changed, headers=key)


async def watch(
    session: ClientSession, app_url: str, stands: dict[str, Stand], hook_url: str
) -> None:
    """Rules that have something to find, and a channel that hears of it."""
    async with session.get(f"{app_url}/v1/channels") as answer:
        channels = (await answer.json())["items"]
    if channels:
        change = f"{app_url}/v1/channels/{channels[0]['id']}"
        async with session.patch(change, json={"url": hook_url}):
            return
    channel = {"name": "demo on call", "kind": "webhook", "url": hook_url}
    await _post(session, f"{app_url}/v1/channels", json=channel)
    for rule in RULES:
        fields = dict(rule)
        name = fields.pop("service")
        fields["service_id"] = None if name is None else stands[name].id
        await _post(session, f"{app_url}/v1/alerts", json=fields)


async def _registered(
    session: ClientSession, services: str, fields: dict[str, str]
) -> dict[str, Any]:
    async with session.post(services, json=fields) as answer:
        made: dict[str, Any] = await answer.json()
        status = answer.status
    if status == 201:
        return made
    if status != 409:
        raise RuntimeError(f"the demo's service was refused: {made.get('detail')}")
    async with session.get(services, params=LIMIT) as answer:
        items = (await answer.json())["items"]
    found = next(item for item in items if item["name"] == fields["name"])
    changes = {"base_url": fields["base_url"]}
    async with session.patch(f"{services}/{found['id']}", json=changes) as answer:
        changed: dict[str, Any] = await answer.json(content_type=None)
    return changed


async def _post(session: ClientSession, url: str, **content: Any) -> None:
    async with session.post(url, **content) as answer:
        if answer.status >= 300:
            raise RuntimeError(f"the demo was refused: {await answer.text()}")
