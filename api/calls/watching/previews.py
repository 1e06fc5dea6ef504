"""The call that shows what a rule would have done, before it is one."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web

from api.calls.alerts import check_query
from api.input import read
from api.input.alert_schemas import PreviewedAlert, check
from api.input.errors import answer
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.alerts.preview import Preview
from monitor.alerts.rule import Alert
from monitor.errors import NotFound
from monitor.storage.alerts.rows import alert_of


class PreviewCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        """200; nothing is made."""
        await need(request, self._parts, Right.READ)
        read.no_query(request)
        asked, _ = await read.body(request, PreviewedAlert)
        fields = asked.model_dump()
        check(fields)
        await check_query(self._parts, asked.query)
        service_id = None if asked.service_id is None else UUID(asked.service_id)
        if service_id and await self._parts.stores.services.get(service_id) is None:
            raise NotFound("there is no such service")
        now = datetime.now(UTC)
        alert = _alert({**fields, "service_id": service_id}, now)
        found = await self._parts.stores.previews.of(alert, now)
        return answer(_shown(alert, found))


def _alert(fields: dict[str, Any], now: datetime) -> Alert:
    """As it would be, had it been made."""
    unset = ("error", "state", "state_since", "value", "muted_until")
    return alert_of(
        {
            **dict.fromkeys(unset),
            "id": uuid4(),
            "created_at": now,
            "updated_at": now,
            **fields,
        }
    )


def _shown(alert: Alert, found: Preview) -> dict[str, Any]:
    window = alert.window
    return {
        "bucket_s": found.width.total_seconds(),
        "threshold": window and window.limit(),
        "recovery_threshold": window and window.recovery,
        "fired_last_day": found.day,
        "fired_last_week": found.week,
        "series": [
            {"start": times.format(point.start), "value": point.value}
            for point in found.points
        ],
    }
