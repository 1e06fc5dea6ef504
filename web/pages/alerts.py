"""The pages of alert rules, of what they found, and of whom it is told to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from aiohttp import web

from monitor.alerts import links
from monitor.alerts.asked import shown
from monitor.alerts.channel import Channel
from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.strip import Strip
from monitor.alerts.window import Aggregate
from monitor.logs.filter import EXACT_TOTAL
from monitor.registry.resources import ServiceResource
from web import render
from web.parts import PageParts
from web.views.formats import seconds

MAX_SHOWN = 500
EVENTS_SHOWN = 50
DELIVERIES_SHOWN = 20
NAMES = {
    Aggregate.ERROR_RATE: "the error rate",
    Aggregate.P95_LATENCY_MS: "the 95th percentile of latency, in ms,",
    Aggregate.REQUEST_COUNT: "the number of requests",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """A rule in words, and its state as a badge: what it says, and its colour."""

    alert: Alert
    service: str
    words: str
    badge: str
    kind: str
    strip: Strip
    is_muted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Events of the chosen rule, where the logs of each are, and the links beyond."""

    events: list[AlertEvent]
    logs: Mapping[UUID, str]
    total: int
    older: str | None
    newer: str | None


class AlertsPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        services, names = await _services(self._parts)
        rules, total = await self._parts.stores.alerts.page(
            service_id=None, limit=MAX_SHOWN, offset=0
        )
        now = datetime.now(UTC)
        strips = await self._parts.stores.strips.of(rules, now)
        views = [_view(rule, names, strips[rule.id], now) for rule in rules]
        views.sort(key=lambda view: view.kind != "firing")
        wanted = _id(request.query.get("alert"))
        chosen = next((v for v in views if v.alert.id == wanted), None)
        chosen = chosen or (views[0] if views else None)
        context = {
            "services": services,
            "rules": views,
            "total": total,
            "chosen": chosen,
            "found": None,
            "deliveries": [],
            "channels": {},
            "service_options": [
                *((str(s.id), s.name) for s in services),
                ("", "all services"),
            ],
        }
        if chosen is not None:
            context |= await self._of(chosen.alert, _offset(request))
        return await render.page(request, "alerts.html", context)

    async def _of(self, alert: Alert, offset: int) -> dict[str, object]:
        """What the chosen rule found, and whom it was told to."""
        found = await self._parts.stores.alerts.events(
            alert.id, limit=EVENTS_SHOWN, offset=offset
        )
        events, total = found or ([], 0)
        channels, _ = await self._parts.stores.channels.page(
            service_id=alert.service_id, limit=MAX_SHOWN, offset=0
        )
        deliveries, _ = await self._parts.stores.deliveries.page(
            alert_id=alert.id, limit=DELIVERIES_SHOWN, offset=0
        )
        link = f"/alerts-ui?alert={alert.id}&offset="
        return {
            "found": Found(
                events=events,
                logs=links.of_events(alert, events),
                total=total,
                **_beside(link, total, len(events), offset, EVENTS_SHOWN),
            ),
            "deliveries": deliveries,
            "channels": {channel.id: channel.name for channel in channels},
        }


class ChannelsPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        services, names = await _services(self._parts)
        channels, total = await self._parts.stores.channels.page(
            service_id=None, limit=MAX_SHOWN, offset=0
        )
        wanted = _id(request.query.get("channel"))
        chosen = next((c for c in channels if c.id == wanted), None)
        chosen = chosen or (channels[0] if channels else None)
        context = {
            "services": services,
            "service_names": names,
            "list": channels,
            "total": total,
            "chosen": chosen,
            "deliveries": [],
            "rules": {},
            "service_options": [
                ("", "all services"),
                *((str(s.id), s.name) for s in services),
            ],
        }
        if chosen is not None:
            context |= await self._of(chosen, _offset(request))
        return await render.page(request, "channels.html", context)

    async def _of(self, channel: Channel, offset: int) -> dict[str, object]:
        deliveries, total = await self._parts.stores.deliveries.page(
            channel_id=channel.id, limit=DELIVERIES_SHOWN, offset=offset
        )
        rules, _ = await self._parts.stores.alerts.page(
            service_id=channel.service_id, limit=MAX_SHOWN, offset=0
        )
        link = f"/alerts-ui/channels?channel={channel.id}&offset="
        return {
            "deliveries": deliveries,
            "rules": {r.id: r.name for r in rules},
            **_beside(link, total, len(deliveries), offset, DELIVERIES_SHOWN),
        }


def _beside(
    link: str, total: int, shown: int, offset: int, at_once: int
) -> dict[str, str | None]:
    """Links to what is older and newer than what is shown."""
    further = offset + at_once
    is_more = total > further or (total > EXACT_TOTAL and shown == at_once)
    return {
        "older": f"{link}{further}" if is_more else None,
        "newer": f"{link}{max(0, offset - at_once)}" if offset else None,
    }


def in_words(alert: Alert) -> str:
    """When the rule fires, as a sentence goes on after “when”."""
    window = alert.window
    of = "" if alert.query is None else f" of logs that match {shown(alert.query)}"
    if window is None:
        return f"a log {_has(alert)}"
    if window.aggregate is Aggregate.COUNT:
        what = f"{window.value} or more logs {_have(alert)}"
    else:
        what = f"{NAMES[window.aggregate]}{of} is {window.operator} {window.value}"
    lasting = f", for {seconds(window.for_s)}" if window.for_s else ""
    over = "" if window.recovery is None else f"; over at {window.recovery:.15g}"
    return f"{what} within {seconds(window.seconds)}{lasting}{over}"


def _has(alert: Alert) -> str:
    matching = alert.query and f"matches {shown(alert.query)}"
    has = alert.condition and f"has {alert.condition}"
    return " and ".join(str(said) for said in (matching, has) if said)


def _have(alert: Alert) -> str:
    matching = alert.query and f"match {shown(alert.query)}"
    have = alert.condition and f"have {alert.condition}"
    return " and ".join(str(said) for said in (matching, have) if said)


def _view(
    alert: Alert, services: dict[UUID, str], strip: Strip, now: datetime
) -> RuleView:
    badge, kind = _badge(alert)
    return RuleView(
        alert=alert,
        service=_whose(alert, services),
        words=in_words(alert),
        badge=badge,
        kind=kind,
        strip=strip,
        is_muted=alert.muted_until is not None and alert.muted_until > now,
    )


def _whose(alert: Alert, services: dict[UUID, str]) -> str:
    if alert.service_id is None:
        return "all services"
    return services.get(alert.service_id, "another service")


def _badge(alert: Alert) -> tuple[str, str]:
    if not alert.is_active:
        return "paused", "paused"
    if alert.error is not None:
        return "broken", "firing"
    if alert.standing is None:
        return "each log", "each"
    return alert.standing.state.value, alert.standing.state.value


async def _services(parts: PageParts) -> tuple[list[ServiceResource], dict[UUID, str]]:
    found, _ = await parts.stores.services.page(limit=MAX_SHOWN, offset=0)
    return found, {service.id: service.name for service in found}


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _offset(request: web.Request) -> int:
    text = request.query.get("offset", "0")
    return min(int(text), 100_000) if text.isascii() and text.isdigit() else 0
