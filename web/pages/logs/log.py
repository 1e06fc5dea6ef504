"""The page of one log, a part of it at a time."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from aiohttp import web

from monitor.errors import InvalidInput, NotFound, Unavailable
from monitor.logs.filter import PAGE, LogFilter, Page
from monitor.logs.hints import hints_of
from monitor.logs.log import LogDetail
from monitor.logs.metrics import Measured, Scope
from monitor.logs.query import parse_log_query
from monitor.offload.little import LITTLE_MARKS, are_little
from monitor.offload.outcome import OutcomeKind, Unworked
from monitor.traffic.mask import MASK
from web import render
from web.pages.logs.messages import messages_view
from web.parts import PageParts
from web.views.bodies import FIRST_CHARACTERS, Side, raw_sides, sides_of
from web.views.kinds.raw import raw_parts
from web.views.kinds.shapes import Shapes, Wish, shapes_of
from web.views.timing import timing_view

# Of headers and of parameters: a page of more is for no reader.
MAX_ROWS = 1_000
HISTORY = 50
# What its neighbours may take.
NEIGHBOUR_MS = 500
DAY = timedelta(days=1)
TABS = {
    "overview": "Overview",
    "request": "Request",
    "response": "Response",
    "messages": "Messages",
    "replays": "Replays",
    "raw": "Raw",
}


class Neighbours(NamedTuple):
    """Of the list that the log was opened from; None where there is none, or it is
    not known at once."""

    newer: UUID | None = None
    older: UUID | None = None


class LogDetailPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        detail = await find_log(self._parts, request.match_info["log_id"])
        listed, tab = request.query.get("from", ""), request.query.get("tab", "")
        tab = tab if tab in TABS else "overview"
        context = {
            "log": detail.item,
            "detail": detail,
            "hints": hints_of(detail),
            "mask": MASK,
            "listed": listed,
            "back": f"/dashboard?{listed}" if listed else "/dashboard",
            # What the links of this page take along.
            "carried": f"{urlencode({'from': listed})}&" if listed else "",
            "tab_carried": "tab=messages&" if tab == "messages" else "",
            "tabs": _tabs(detail),
            "tab": tab,
            "tab_title": TABS[tab],
            "is_whole": _wish(request.query).is_whole,
            "beside": await self._neighbours(detail, listed),
            "most_rows": MAX_ROWS,
            **await self._of_tab(tab, detail, request),
        }
        return await render.page(request, "log.html", context)

    async def _of_tab(
        self, tab: str, detail: LogDetail, request: web.Request
    ) -> dict[str, Any]:
        stores, helpers = self._parts.stores, self._parts.helpers
        wish = _wish(request.query)
        if tab in ("request", "response"):
            return {"side": await self._shapes(detail, tab, wish)}
        if tab == "replays":
            history, total = await stores.replays.history(detail.item.id, most=HISTORY)
            return {"history": history, "total": total}
        if tab == "raw":
            made = await helpers.do(
                OutcomeKind.PAGE,
                detail.item.service_id,
                raw_parts,
                detail,
                wish.most,
                is_little=True,
            )
            return {"raw": made.parts}
        messages = await messages_view(stores.messages, helpers, detail, request.query)
        if tab == "messages":
            return {"messages": messages}
        endpoint = await stores.replays.endpoint_of(detail.item.id)
        return {
            "messages": messages,
            "timing": timing_view(detail),
            "endpoint": endpoint,
            "usual": await self._usual(detail, endpoint),
            "sides": await sides_shown(self._parts, detail, wish.most),
        }

    async def _usual(self, detail: LogDetail, endpoint: str | None) -> Measured | None:
        """What this endpoint was like in the day before; None where that takes long."""
        item = detail.item
        if endpoint is None:
            return None
        scope = Scope(
            service_id=item.service_id,
            since=item.timestamp - DAY,
            until=item.timestamp,
        )
        try:
            return await self._parts.stores.metrics.usual(scope, item.method, endpoint)
        except Unavailable:
            return None

    async def _neighbours(self, detail: LogDetail, listed: str) -> Neighbours:
        pairs = [pair for pair in parse_qsl(listed) if pair[0] not in PAGE]
        try:
            filter, _ = parse_log_query(pairs, self._parts.queries)
            return Neighbours(
                await self._neighbour(filter, detail, newer=True),
                await self._neighbour(filter, detail, newer=False),
            )
        except (InvalidInput, Unavailable):
            return Neighbours()

    async def _neighbour(
        self, filter: LogFilter, detail: LogDetail, *, newer: bool
    ) -> UUID | None:
        page = Page(limit=1, cursor=detail.item.id, newer=newer)
        ids, _, _ = await self._parts.stores.logs.ids(
            filter, page, timeout_ms=NEIGHBOUR_MS
        )
        return ids[0] if ids else None

    async def _shapes(self, detail: LogDetail, side: str, wish: Wish) -> Shapes:
        kept = getattr(detail, f"{side}_body"), getattr(detail, f"{side}_headers")
        try:
            return await self._parts.helpers.do(
                OutcomeKind.PAGE,
                detail.item.service_id,
                shapes_of,
                detail,
                side,
                self._parts.settings.work_limit,
                wish,
                is_little=are_little([kept], most_marks=LITTLE_MARKS),
            )
        except Unworked as error:
            made = raw_sides(detail, str(error)).sides
            return Shapes(made[0 if side == "request" else 1], [], [])


async def find_log(parts: PageParts, text: str) -> LogDetail:
    """The log of an address. Raises NotFound."""
    try:
        id = UUID(text)
    except ValueError:
        raise NotFound("A log's address ends with its id.") from None
    detail = await parts.stores.logs.get(id)
    if detail is None:
        raise NotFound("There is no log of this id; it may be past its retention.")
    return detail


def _tabs(detail: LogDetail) -> list[tuple[str, str]]:
    """Messages only where there are some to show."""
    has_none = detail.message_count is None and detail.event_count is None
    return [
        (name, title)
        for name, title in TABS.items()
        if name != "messages" or not has_none
    ]


def _wish(query: Mapping[str, str]) -> Wish:
    """What an address asks for of the bodies; what is none of it asks for nothing."""
    shape, at = query.get("shape", ""), query.get("at", "0")
    return Wish(shape, at, query.get("whole") == "1")


async def sides_shown(
    parts: PageParts, detail: LogDetail, most: int = FIRST_CHARACTERS
) -> list[Side]:
    bodies = [
        (detail.request_body, detail.request_headers),
        (detail.response_body, detail.response_headers),
    ]
    try:
        made = await parts.helpers.do(
            OutcomeKind.PAGE,
            detail.item.service_id,
            sides_of,
            detail,
            parts.settings.work_limit,
            most,
            is_little=are_little(bodies, most_marks=LITTLE_MARKS),
        )
    except Unworked as error:
        made = raw_sides(detail, str(error))
    return made.sides
