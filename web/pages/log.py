"""The page of one log."""

from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from monitor.errors import NotFound
from monitor.logs.hints import hints_of
from monitor.logs.log import LogDetail
from monitor.offload.little import LITTLE_MARKS, are_little
from monitor.offload.outcome import OutcomeKind, Unworked
from monitor.traffic.mask import MASK
from web import render
from web.pages.messages import messages_view
from web.parts import PageParts
from web.views.bodies import Side, raw_sides, sides_of
from web.views.timing import timing_view

# Of headers and of parameters: a page of more is for no reader.
MAX_ROWS = 1_000


class LogDetailPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        detail = await find_log(self._parts, request.match_info["log_id"])
        item = detail.item
        context = {
            "log": item,
            "detail": detail,
            "hints": hints_of(detail),
            "timing": timing_view(detail),
            "messages": await messages_view(
                self._parts.stores.messages, self._parts.helpers, detail, request.query
            ),
            "mask": MASK,
            "back": _back(request.query.get("from", "")),
            "carried": _carried(request.query.get("from", "")),
            "sides": await _sides(self._parts, detail),
            "most_rows": MAX_ROWS,
        }
        return await render.page(request, "log.html", context)


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


async def _sides(parts: PageParts, detail: LogDetail) -> list[Side]:
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
            is_little=are_little(bodies, most_marks=LITTLE_MARKS),
        )
    except Unworked as error:
        made = raw_sides(detail, str(error))
    return made.sides


def _carried(query: str) -> str:
    """What the links of this page take along."""
    return f"{urlencode({'from': query})}&" if query else ""


def _back(query: str) -> str:
    """The list that this log was opened from, with its filters."""
    return f"/dashboard?{query}" if query else "/dashboard"
