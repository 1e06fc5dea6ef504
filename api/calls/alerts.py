"""The calls of /v1/alerts."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from aiohttp import web

from api.calls.watching.channels import shown_delivery
from api.input import read
from api.input.alert_schemas import AlertChanges, NewAlert, check
from api.input.errors import answer, nothing
from api.output import lists
from api.parts import Parts
from api.rights import Right, need
from monitor import times
from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.window import Aggregate
from monitor.errors import FieldError, InvalidInput, NotFound
from monitor.logs.filter import LogFilter
from monitor.logs.parameter import problem_error
from monitor.search.problem import QueryProblem


class AlertCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def create(self, request: web.Request) -> web.Response:
        """201, the rule; it runs on every log from now on."""
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        new, _ = await read.body(request, NewAlert)
        fields = new.model_dump(exclude={"service_id"})
        check(fields)
        await check_query(self._parts, fields["query"])
        service_id = None if new.service_id is None else UUID(new.service_id)
        alert = await self._parts.stores.alerts.create(service_id, fields)
        if alert is None:
            raise NotFound("there is no such service")
        return answer(shown(alert), status=201, Location=f"/v1/alerts/{alert.id}")

    async def list(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        limit, offset, service_id = read.page_of_a_service(request)
        found, total = await self._parts.stores.alerts.page(
            service_id=service_id, limit=limit, offset=offset
        )
        items = [shown(alert) for alert in found]
        return answer(lists.envelope(items, total, limit, offset))

    async def get(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        read.no_query(request)
        id = read.id_in_path(request, "alert_id")
        return answer(shown(_found(await self._parts.stores.alerts.get(id))))

    async def change(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        id = read.id_in_path(request, "alert_id")
        changes, _ = await read.body(request, AlertChanges)
        given = changes.model_dump(exclude_unset=True)
        held = _found(await self._parts.stores.alerts.get(id))
        check({**shown(held), **given})
        await check_query(self._parts, given.get("query"))
        return answer(shown(_found(await self._parts.stores.alerts.change(id, given))))

    async def delete(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.MANAGE)
        read.no_query(request)
        if not await self._parts.stores.alerts.delete(
            read.id_in_path(request, "alert_id")
        ):
            raise NotFound("there is no such alert")
        return nothing()

    async def events(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        id = read.id_in_path(request, "alert_id")
        limit, offset = read.page(request)
        found = await self._parts.stores.alerts.events(id, limit=limit, offset=offset)
        if found is None:
            raise NotFound("there is no such alert")
        events, total = found
        items = [_shown_event(event) for event in events]
        return answer(lists.envelope(items, total, limit, offset))

    async def deliveries(self, request: web.Request) -> web.Response:
        await need(request, self._parts, Right.READ)
        id = read.id_in_path(request, "alert_id")
        limit, offset = read.page(request)
        _found(await self._parts.stores.alerts.get(id))
        found, total = await self._parts.stores.deliveries.page(
            alert_id=id, limit=limit, offset=offset
        )
        items = [shown_delivery(delivery) for delivery in found]
        return answer(lists.envelope(items, total, limit, offset))


async def check_query(parts: Parts, text: str | None) -> None:
    """Raises InvalidInput with the place of what is not understood."""
    if text is None:
        return
    try:
        query = parts.queries.read(text)
    except QueryProblem as problem:
        raise bad_query(problem_error("query", problem, where="body")) from None
    try:
        await parts.stores.logs.check(LogFilter(query=query))
    except InvalidInput as error:
        in_body = [replace(one, loc=("body", "query")) for one in error.errors]
        raise bad_query(*in_body) from None


def shown(alert: Alert) -> dict[str, Any]:
    standing, fired = alert.standing, alert.last_fired_at
    return {
        "id": alert.id,
        "service_id": alert.service_id,
        "name": alert.name,
        "description": alert.description,
        "query": alert.query,
        **asked(alert),
        "cooldown_s": alert.cooldown_s,
        "include_old": alert.include_old,
        "is_active": alert.is_active,
        "error": alert.error,
        "state": standing and standing.state.value,
        "state_since": standing and times.format(standing.since),
        "value": alert.value,
        "muted_until": alert.muted_until and times.format(alert.muted_until),
        "last_fired_at": fired and times.format(fired),
        "created_at": times.format(alert.created_at),
        "updated_at": times.format(alert.updated_at),
    }


def asked(alert: Alert) -> dict[str, Any]:
    """What says when the rule holds, by the names of the fields."""
    condition, window = alert.condition, alert.window
    is_count = window is not None and window.aggregate is Aggregate.COUNT
    compared = condition or (None if is_count else window)
    return {
        "condition_field": condition and condition.field.value,
        "condition_operator": compared and compared.operator.value,
        "condition_value": compared and compared.value,
        "aggregate": window and window.aggregate.value,
        "window_s": window and window.seconds,
        "for_s": window and window.for_s,
        "threshold": int(window.value) if window and is_count else None,
        "recovery_threshold": window and window.recovery,
    }


def bad_query(*errors: FieldError) -> InvalidInput:
    return InvalidInput("the body is not valid", errors=list(errors))


def _shown_event(event: AlertEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "alert_id": event.alert_id,
        "service_id": event.service_id,
        "log_id": event.log_id,
        "state": event.state.value,
        "fired_at": times.format(event.fired_at),
        "message": event.message,
    }


def _found(alert: Alert | None) -> Alert:
    if alert is None:
        raise NotFound("there is no such alert")
    return alert
