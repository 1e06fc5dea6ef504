"""The calls that say which differences between answers are ignored."""

from typing import Any
from uuid import UUID

from aiohttp import web

from api.input import read
from api.input.errors import answer, nothing
from api.input.replay_schemas import NewComparisonRule
from api.output import lists
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.compare.rules import ComparedPart, ComparisonRule
from monitor.errors import NotFound


class ComparisonRuleCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def put(self, request: web.Request) -> web.Response:
        """201, the rule, in place of the one for the same place if there was one."""
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        new, _ = await read.body(request, NewComparisonRule)
        rule = await self._parts.stores.comparison_rules.put(
            UUID(new.service_id),
            endpoint=new.endpoint,
            part=ComparedPart(new.part),
            path=new.path,
            ignore=new.ignore,
        )
        return answer(_shown(rule), status=201)

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        limit, offset, service_id = read.page_of_a_service(request)
        rules, total = await self._parts.stores.comparison_rules.page(
            limit=limit, offset=offset, service_id=service_id
        )
        items = [_shown(rule) for rule in rules]
        return answer(lists.envelope(items, total, limit, offset))

    async def remove(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "rule_id")
        if not await self._parts.stores.comparison_rules.remove(id):
            raise NotFound("there is no such rule")
        return nothing()


def _shown(rule: ComparisonRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "service_id": rule.service_id,
        "endpoint": rule.endpoint,
        "part": rule.part,
        "path": rule.path,
        "ignore": rule.ignore,
        "created_at": times.format(rule.created_at),
    }
