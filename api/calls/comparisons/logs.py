"""The call that compares any two logs."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from aiohttp import web

from api.input.errors import answer
from api.input.replay_schemas import COMPARED
from api.output.log import shown_item
from api.parts import Parts
from api.rights import Right, need
from monitor.errors import NotFound
from monitor.log_pairs.comparisons import (
    ComparedLogs,
    LogComparisons,
    Sizes,
    request_sizes,
    response_sizes,
)
from monitor.logs.log import LogDetail
from monitor.logs.parameter import query_error, read, refuse


class CompareCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._comparisons = LogComparisons(
            parts.stores, parts.helpers, work_limit=parts.settings.work_limit
        )

    async def compare(self, request: web.Request) -> web.Response:
        """What differs between two logs; without *a*, from the last that went well."""
        await need(request, self._parts, Right.READ)
        values, errors = read(request.query.items(), COMPARED)
        if "b" not in request.query:
            errors.append(query_error("b", "is required", "missing"))
        refuse(errors)
        right = await self._log(values["b"])
        left_id = values.get("a") or await self._comparisons.last_good(right)
        left = await self._log(left_id)
        return answer(shown(await self._comparisons.of(left, right)))

    async def _log(self, id: UUID) -> LogDetail:
        detail = await self._parts.stores.logs.get(id)
        if detail is None:
            raise NotFound(f"there is no log {id}")
        return detail


def shown(made: ComparedLogs) -> dict[str, Any]:
    left, right = made.left.item, made.right.item
    requests = {
        name: made.requests[name]
        for name in ("complete", "notes", "order", "headers", "body_kind", "body")
    }
    return {
        "a": shown_item(left),
        "b": shown_item(right),
        "endpoint": made.endpoint,
        "comparison": made.answers,
        "request": {
            "method": _sides(left.method, right.method),
            "url": _sides(left.url, right.url),
            **requests,
        },
        "request_size": _sizes(request_sizes(made)),
        "response_size": _sizes(response_sizes(made)),
    }


def _sides(left: str, right: str) -> dict[str, Any]:
    return {"left": left, "right": right, "equal": left == right}


def _sizes(sizes: Sizes) -> dict[str, int | None]:
    return {**asdict(sizes), "difference": sizes.difference}
