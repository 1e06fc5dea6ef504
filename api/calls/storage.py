"""Storage: what the logs of each service take, day by day."""

from itertools import groupby
from typing import Any

from aiohttp import web

from api.input.errors import answer
from api.input.read import no_query
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.costs.stored_day import StoredDay, summed


class StorageCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        """As it was measured last, which is done once a minute."""
        await need(request, self._parts, Right.READ)
        no_query(request)
        names = {each.id: each.name for each in self._parts.routes().services}
        sizes = self._parts.cost().sizes
        days = []
        for day, of_day in groupby(sizes.days if sizes else (), lambda one: one.day):
            each = list(of_day)
            lines = [
                {
                    "service_id": one.service_id,
                    "service_name": names.get(one.service_id),
                    **_figures(one),
                }
                for one in each
            ]
            days.append({"day": day, **_figures(summed(each)), "services": lines})
        at = times.format(sizes.at) if sizes else None
        return answer({"measured_at": at, "days": days})


def _figures(of: StoredDay) -> dict[str, Any]:
    per_log = of.bytes_per_log
    return {
        "logs": of.logs,
        "row_bytes": of.rows,
        "body_bytes": of.bodies,
        "bytes": of.bytes,
        "bytes_per_log": None if per_log is None else round(per_log, 1),
    }
