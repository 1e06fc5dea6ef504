"""The pages of what is still open."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from aiohttp import web

from monitor.errors import NotFound, Unavailable
from monitor.in_flight.open_exchange import OpenExchange, OpenWish
from monitor.logs.display import pairs
from monitor.logs.filter import LogFilter
from monitor.logs.log import LogItem
from monitor.traffic.ids import is_log_id
from web import render
from web.pages.logs.messages import PAGE_SIZE, laid_out_messages
from web.parts import PageParts
from web.views.messages import MessageView

MAX_ROWS: Final = 100
ORDERS: Final = ("oldest", "newest")
# Beside a list: so many, each open for a while, and so many that ended as one looked.
BESIDE: Final = 5
BESIDE_ENDED: Final = 20
WAITS_MS: Final = 1_000


class OpenPages:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def list(self, request: web.Request) -> web.Response:
        """The page, or with X-Fragment only what is asked for again and again."""
        if request.headers.get("X-Fragment") == "beside":
            return await self._beside(request)
        asked = request.query.get("order")
        order = asked if asked in ORDERS else ORDERS[0]
        found = await self._parts.look(
            OpenWish(limit=MAX_ROWS, newest_first=order == "newest")
        )
        context = {"open": found, "order": order, "name_of": self._name_of}
        return await self._shown(request, "exchanges", context)

    async def one(self, request: web.Request) -> web.Response:
        """One while it is open; then its log, once that is stored.

        Raises NotFound.
        """
        try:
            id = UUID(request.match_info["exchange_id"])
        except ValueError:
            raise NotFound("An exchange's address ends with its id.") from None
        found = await self._parts.look(OpenWish(limit=1, id=id))
        if not found.found and await self._parts.stores.logs.get(id) is not None:
            raise web.HTTPSeeOther(f"/log/{id}")
        one = found.found[0] if found.found else None
        context = {
            "one": one,
            "id": id,
            "name_of": self._name_of,
            "messages": [] if one is None else await self._messages(one),
            "pairs": pairs,
        }
        return await self._shown(request, "exchange", context)

    async def _beside(self, request: web.Request) -> web.Response:
        """What a list shows above it: the oldest, and of those it showed their logs."""
        service_id = _id(request.query.get("service_id", ""))
        found = await self._parts.look(OpenWish(limit=BESIDE, service_id=service_id))
        asked = request.query.get("shown", "").split(",")[:BESIDE_ENDED]
        ids = {id for text in asked if (id := _id(text)) and is_log_id(id)}
        ended = sorted(ids - {one.so_far.id for one in found.found})
        context = {
            "open": found,
            "waiting": [o for o in found.found if (o.age_ms or 0) >= WAITS_MS],
            "logs": await self._logs(ended),
            "name_of": self._name_of,
        }
        return await render.page(request, "_open_now.html", context)

    async def _logs(self, ids: Sequence[UUID]) -> Sequence[LogItem]:
        """Those of *ids* that are stored already; none while PostgreSQL is away."""
        if not ids:
            return []
        try:
            return await self._parts.stores.logs.among(ids, LogFilter())
        except Unavailable:
            return []

    async def _shown(
        self, request: web.Request, name: str, context: Mapping[str, object]
    ) -> web.Response:
        is_part = request.headers.get("X-Fragment") == "1"
        template = f"_{name}.html" if is_part else f"{name}.html"
        return await render.page(request, template, context)

    async def _messages(self, one: OpenExchange) -> Sequence[MessageView]:
        """The last ones that are kept, the last first, as one who watches has them."""
        it = one.so_far
        kept = [] if it.messages is None else it.messages.kept[-PAGE_SIZE:]
        views = await laid_out_messages(
            self._parts.helpers, it.service_id, kept, it.started_at
        )
        return views[::-1]

    def _name_of(self, service_id: UUID) -> str:
        service = self._parts.routes().by_id(service_id)
        return "" if service is None else service.name


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
