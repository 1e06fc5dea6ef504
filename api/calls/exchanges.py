"""The calls of /v1/exchanges: what passes the proxy now."""

from typing import Any

from aiohttp import web

from api.input import read
from api.input.errors import answer
from api.input.exchange_query import EXCHANGES
from api.output import lists
from api.output.log import shown_message
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.errors import NotFound, Unavailable
from monitor.in_flight.open_exchange import OpenExchange, OpenWish
from monitor.logs.display import header_object, pairs
from monitor.traffic.exchange import Exchange
from monitor.traffic.message import Messages


class ExchangeCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def list(self, request: web.Request) -> web.Response:
        """Oldest first; `complete` is false where a process did not say its own."""
        await need(request, self._parts, Right.READ)
        asked = read.query(request, EXCHANGES)
        limit = asked.get("limit", 50)
        wish = OpenWish(
            limit=limit,
            service_id=asked.get("service_id"),
            newest_first=asked.get("order") == "newest",
        )
        found = await self._parts.look(wish)
        items = [self._item(one) for one in found.found]
        made = lists.envelope(items, found.total, limit, 0)
        return answer({**made, "complete": found.is_complete})

    async def get(self, request: web.Request) -> web.Response:
        """One, with its heads and the messages that passed; 404 once it has ended."""
        await need(request, self._parts, Right.READ)
        read.no_query(request)
        id = read.id_in_path(request, "exchange_id")
        found = await self._parts.look(OpenWish(limit=1, id=id))
        if not found.found:
            if not found.is_complete:
                reason = "a process of the proxy did not say what it has open"
                raise Unavailable(reason, retry_after_s=1)
            raise NotFound("it is not open; what has ended is at /v1/logs/{log_id}")
        one = found.found[0]
        so_far = one.so_far
        return answer(
            {
                **self._item(one),
                "client_url": so_far.client_url,
                "request_headers": header_object(so_far.request_headers),
                "request_headers_raw": pairs(so_far.request_headers),
                "response_headers": header_object(so_far.response_headers),
                "response_headers_raw": pairs(so_far.response_headers),
                "messages": _messages(so_far),
                "messages_problem": so_far.messages and so_far.messages.problem,
            }
        )

    def _item(self, one: OpenExchange) -> dict[str, Any]:
        so_far = one.so_far
        service = self._parts.routes().by_id(so_far.service_id)
        messages: Messages | None = so_far.messages
        return {
            "id": so_far.id,
            "service_id": so_far.service_id,
            "service_name": service.name if service else None,
            "source": so_far.source,
            "timestamp": times.format(so_far.started_at),
            "age_ms": one.age_ms,
            "phase": one.phase,
            "method": so_far.method,
            "url": so_far.url,
            "path": so_far.path,
            "query_params": so_far.query_params,
            "status_code": so_far.status_code,
            "source_ip": so_far.source_ip,
            "request_size": so_far.request_size,
            "response_size": so_far.response_size,
            "medium": messages and messages.medium,
            "message_count": messages and messages.count,
            "replay_of": so_far.replay_of,
        }


def _messages(so_far: Exchange) -> list[dict[str, Any]]:
    if so_far.messages is None:
        return []
    began = so_far.started_at
    return [shown_message(one, began) for one in so_far.messages.kept]
