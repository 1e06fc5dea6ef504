"""The page that sends a request from scratch to a registered service."""

from typing import Any

from aiohttp import web

from monitor.traffic.mask import MASK
from web import render
from web.pages.logs.log import MAX_ROWS, find_log, sides_shown
from web.parts import PageParts
from web.views.choices import choosable


class SendPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        """With ?sent=, what was answered to the request of that log."""
        services = await choosable(self._parts.stores.services)
        context: dict[str, Any] = {
            # Those that can be sent to before the others.
            "services": sorted(services, key=lambda one: not one.base_url),
            "can_send": any(one.base_url for one in services),
            "chosen": request.query.get("service_id", ""),
            "sent": None,
            "mask": MASK,
            "most_rows": MAX_ROWS,
            "series_limit": self._parts.settings.replay_series_limit,
            "at_once_limit": self._parts.settings.replay_limit,
        }
        if id := request.query.get("sent"):
            detail = await find_log(self._parts, id)
            _, side = await sides_shown(self._parts, detail)
            context |= {"sent": detail.item, "side": side}
        return await render.page(request, "send.html", context)
