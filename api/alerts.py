"""The calls of /v1/alerts."""

from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api import lists, request
from api.errors import answer
from api.parts import Parts
from api.rights import Right, need
from api.schemas import Name, ServiceId, described
from monitor import times
from monitor.alerts import (
    Alert,
    AlertEvent,
    Condition,
    ConditionField,
    ConditionOperator,
)
from monitor.errors import FieldError, InvalidInput, NotFound
from monitor.query import PARAMETERS, read


def _field(text: str) -> str:
    return _one_of(text, list(ConditionField))


def _operator(text: str) -> str:
    return _one_of(text, list(ConditionOperator))


def _one_of(text: str, known: list[Any]) -> str:
    if text not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return text


FieldName = Annotated[str, AfterValidator(_field), described(enum=list(ConditionField))]
OperatorName = Annotated[
    str, AfterValidator(_operator), described(enum=list(ConditionOperator))
]
Value = Annotated[str, Field(min_length=1, max_length=1024)]


class AlertChanges(BaseModel):
    """An absent field stays; null clears the description."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name = Field(None, validate_default=False)  # type: ignore[assignment]
    description: str | None = Field(None, max_length=512)
    condition_field: FieldName = Field(None, validate_default=False)  # type: ignore[assignment]
    condition_operator: OperatorName = Field(None, validate_default=False)  # type: ignore[assignment]
    condition_value: Value = Field(None, validate_default=False)  # type: ignore[assignment]
    is_active: bool = True


class NewAlert(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    service_id: ServiceId
    name: Name
    description: str | None = Field(None, max_length=512)
    condition_field: FieldName
    condition_operator: OperatorName
    condition_value: Value
    is_active: bool = True


class AlertCalls:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def create(self, call: web.Request) -> web.Response:
        """201, the rule; it runs on every log from now on."""
        await need(call, self._parts, Right.MANAGE)
        request.no_query(call)
        new, _ = await request.body(call, NewAlert)
        fields = new.model_dump(exclude={"service_id"})
        _check(fields)
        alert = await self._parts.alerts.create(UUID(new.service_id), fields)
        if alert is None:
            raise NotFound("there is no such service")
        return answer(shown(alert), status=201, Location=f"/v1/alerts/{alert.id}")

    async def list(self, call: web.Request) -> web.Response:
        await need(call, self._parts, Right.READ)
        known = {**request.PAGE, "service_id": PARAMETERS["service_id"]}
        values, errors = read(call.query.items(), known)
        if errors:
            raise InvalidInput("the query is not valid", errors=errors)
        limit, offset = values.get("limit", 50), values.get("offset", 0)
        found, total = await self._parts.alerts.page(
            service_id=values.get("service_id"), limit=limit, offset=offset
        )
        items = [shown(alert) for alert in found]
        return answer(lists.envelope(items, total, limit, offset))

    async def get(self, call: web.Request) -> web.Response:
        await need(call, self._parts, Right.READ)
        request.no_query(call)
        id = request.id_in_path(call, "alert_id")
        return answer(shown(_found(await self._parts.alerts.get(id))))

    async def change(self, call: web.Request) -> web.Response:
        await need(call, self._parts, Right.MANAGE)
        request.no_query(call)
        id = request.id_in_path(call, "alert_id")
        changes, _ = await request.body(call, AlertChanges)
        given = changes.model_dump(exclude_unset=True)
        held = _found(await self._parts.alerts.get(id))
        _check({**shown(held), **given})
        return answer(shown(_found(await self._parts.alerts.change(id, given))))

    async def delete(self, call: web.Request) -> web.Response:
        await need(call, self._parts, Right.MANAGE)
        request.no_query(call)
        if not await self._parts.alerts.delete(request.id_in_path(call, "alert_id")):
            raise NotFound("there is no such alert")
        return web.Response(status=204, headers={"Cache-Control": "no-store"})

    async def events(self, call: web.Request) -> web.Response:
        await need(call, self._parts, Right.READ)
        id = request.id_in_path(call, "alert_id")
        limit, offset = request.page(call)
        found = await self._parts.alerts.events(id, limit=limit, offset=offset)
        if found is None:
            raise NotFound("there is no such alert")
        events, total = found
        items = [_shown_event(event) for event in events]
        return answer(lists.envelope(items, total, limit, offset))


def shown(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "service_id": alert.service_id,
        "name": alert.name,
        "description": alert.description,
        "condition_field": alert.condition.field.value,
        "condition_operator": alert.condition.operator.value,
        "condition_value": alert.condition.value,
        "is_active": alert.is_active,
        "error": alert.error,
        "created_at": times.format(alert.created_at),
        "updated_at": times.format(alert.updated_at),
    }


def _shown_event(event: AlertEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "alert_id": event.alert_id,
        "service_id": event.service_id,
        "log_id": event.log_id,
        "fired_at": times.format(event.fired_at),
        "message": event.message,
    }


def _check(fields: dict[str, Any]) -> None:
    """Field, operator and value have to fit together."""
    condition = Condition(
        field=ConditionField(fields["condition_field"]),
        operator=ConditionOperator(fields["condition_operator"]),
        value=fields["condition_value"],
    )
    problem = condition.problem()
    if problem is None:
        return
    is_order = condition.field is ConditionField.ERROR
    place = "condition_operator" if is_order else "condition_value"
    error = FieldError(("body", place), problem, "value_error")
    raise InvalidInput("the body is not valid", errors=[error])


def _found(alert: Alert | None) -> Alert:
    if alert is None:
        raise NotFound("there is no such alert")
    return alert
