"""The call of /v1/logs/{log_id}/messages."""

import base64
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from api import lists, request
from api.errors import answer
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.errors import NotFound
from monitor.ids import timestamp_of
from monitor.messages import Message
from monitor.shown import message_text, withheld_for


class MessageCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def list(self, call: web.Request) -> web.Response:
        """Those that are kept, in the order in which they passed."""
        await need(call, self._parts, Right.READ)
        id = request.id_in_path(call, "log_id")
        limit, offset = request.page(call)
        found = await self._parts.messages.page(id, limit=limit, offset=offset)
        if found is None:
            raise NotFound("there is no such log")
        messages, total = found
        began = timestamp_of(id)
        items = [_shown(message, began) for message in messages]
        return answer(lists.envelope(items, total, limit, offset))


def _shown(message: Message, began: datetime) -> dict[str, Any]:
    text = message_text(message)
    return {
        "direction": message.direction,
        "kind": message.kind,
        "at": times.format(began + timedelta(milliseconds=message.offset_ms)),
        "offset_ms": message.offset_ms,
        "opcode": message.opcode,
        "name": message.name,
        "event_id": message.event_id,
        "size": message.size,
        "wire_size": message.wire_size,
        "data": base64.b64encode(message.kept).decode() if text is None else text,
        "encoding": "base64" if text is None else "utf-8",
        "truncated": message.truncated,
        "state": message.state,
        "withheld_for": withheld_for(message.state, message.is_limited),
    }
