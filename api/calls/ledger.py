"""The ledger: what became of every exchange that ended."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from api.input.errors import answer
from api.input.read import no_fields, no_query
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.ledger.account import Account, Line


class LedgerCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        """The ledger, counted now; while PostgreSQL is away, with what it had last."""
        await need(request, self._parts, Right.READ)
        no_query(request)
        return self._shown(await self._parts.standing.look_closely())

    async def write_off(self, request: web.Request) -> web.Response:
        """The ledger, closed: what is missing is counted as written off."""
        await need(request, self._parts, Right.MANAGE)
        no_query(request)
        await no_fields(request)
        return self._shown(await self._parts.standing.write_off())

    def _shown(self, account: Account) -> web.Response:
        services = {service.id: service for service in self._parts.routes().services}
        lines = []
        for id, line in account.lines.items():
            service = services.get(id)
            name = service.name if service else None
            lines.append({"service_id": id, "service_name": name, **_line(line)})
        return answer(
            {
                "at": times.format(account.at),
                "stored_at": account.stored_at and times.format(account.stored_at),
                "database": "away" if account.is_away else "ok",
                "explanation": account.explanation,
                **_line(account.total),
                "unrouted": account.unrouted,
                "torn": account.torn,
                "services": sorted(lines, key=_by_name),
            }
        )


def _line(line: Line) -> dict[str, Any]:
    shown = {**asdict(line), "difference": line.difference}
    del shown["gap"]
    return shown


def _by_name(line: dict[str, Any]) -> tuple[bool, str]:
    """Deleted services last."""
    return line["service_name"] is None, str(line["service_name"] or line["service_id"])
