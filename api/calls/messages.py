"""The call of /v1/logs/{log_id}/messages."""

import orjson
from aiohttp import web

from api.input import read
from api.input.errors import answer
from api.output import lists
from api.output.details import Details
from api.parts import Parts
from api.rights import Right, need
from monitor.errors import NotFound


class MessageCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._details = Details(parts.helpers)

    async def list(self, request: web.Request) -> web.Response:
        """Those that are kept, in the order in which they passed."""
        await need(request, self._parts, Right.READ)
        id = read.id_in_path(request, "log_id")
        limit, offset = read.page(request)
        found = await self._parts.stores.messages.page(id, limit=limit, offset=offset)
        if found is None:
            raise NotFound("there is no such log")
        messages, total = found
        items, is_all = await self._details.messages(id, messages)
        envelope = lists.envelope(orjson.Fragment(items), total, limit, offset)
        return answer({**envelope, "complete": is_all})
