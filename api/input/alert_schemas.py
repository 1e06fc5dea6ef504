"""Models of the bodies that make and change a rule."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.input.values import Name, ServiceId, Time, described
from monitor.alerts.condition import Condition, ConditionField, ConditionOperator
from monitor.alerts.window import (
    COUNTED,
    MAX_LOGS,
    MAX_WINDOW_S,
    SHORTEST_WINDOW_S,
    Aggregate,
    AlertWindow,
)
from monitor.errors import FieldError, InvalidInput

MAX_MEASURED = 1e12
MAX_COOLDOWN_S = 7 * 86_400


def one_of(text: str, known: list[Any]) -> str:
    if text not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return text


def _field(text: str) -> str:
    return one_of(text, list(ConditionField))


def _operator(text: str) -> str:
    return one_of(text, list(ConditionOperator))


def _aggregate(text: str) -> str:
    return one_of(text, list(Aggregate))


FieldName = Annotated[str, AfterValidator(_field), described(enum=list(ConditionField))]
OperatorName = Annotated[
    str, AfterValidator(_operator), described(enum=list(ConditionOperator))
]
AggregateName = Annotated[
    str, AfterValidator(_aggregate), described(enum=list(Aggregate))
]
Value = Annotated[str, Field(min_length=1, max_length=1024)]
QueryText = Annotated[str, Field(min_length=1, max_length=8_000)]
COMPARED = {
    "condition_operator": "says how it is compared",
    "condition_value": "is what it is compared with",
}


class AlertFields(BaseModel):
    """What may be null: a rule of each log has no window, one with a query need not
    compare anything.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    description: str | None = Field(None, max_length=512)
    query: QueryText | None = None
    condition_field: FieldName | None = None
    condition_operator: OperatorName | None = None
    condition_value: Value | None = None
    aggregate: AggregateName | None = None
    window_s: int | None = Field(None, ge=SHORTEST_WINDOW_S, le=MAX_WINDOW_S)
    for_s: int | None = Field(None, ge=0, le=MAX_WINDOW_S)
    threshold: int | None = Field(None, ge=1, le=MAX_LOGS)
    recovery_threshold: float | None = Field(None, ge=0, le=MAX_MEASURED)
    cooldown_s: int | None = Field(None, ge=0, le=MAX_COOLDOWN_S)
    include_old: bool = False
    is_active: bool = True
    muted_until: Time | None = None


class AlertChanges(AlertFields):
    """An absent field stays; null clears one that may be empty."""

    name: Name = Field(None, validate_default=False)  # type: ignore[assignment]


class NewAlert(AlertFields):
    service_id: ServiceId | None
    name: Name


class PreviewedAlert(AlertFields):
    """A rule that is being made: it need not have a name yet."""

    service_id: ServiceId | None
    name: str = Field("preview", max_length=128)


def check(fields: dict[str, Any]) -> None:
    """Raises InvalidInput where the fields of a rule do not fit together."""
    errors = [
        FieldError(("body", place), reason, "value_error")
        for place, reason in (_of_shape(fields) or _of_values(fields)).items()
    ]
    if errors:
        raise InvalidInput("the body is not valid", errors=errors)


def _of_shape(fields: dict[str, Any]) -> dict[str, str]:
    """Which fields are missing, or too many, for the kind of rule it is."""
    return _of_kind(fields) or _of_comparison(fields)


def _of_comparison(fields: dict[str, Any]) -> dict[str, str]:
    """Nothing is compared where the query says all."""
    is_of_all = fields["aggregate"] not in (None, Aggregate.COUNT)
    if fields["condition_field"] is not None or is_of_all:
        missing = (name for name in COMPARED if fields[name] is None)
        return {name: COMPARED[name] for name in missing}
    given = (name for name in COMPARED if fields[name] is not None)
    return dict.fromkeys(given, "goes with condition_field")


def _of_kind(fields: dict[str, Any]) -> dict[str, str]:
    has_query = fields["query"] is not None
    if fields["window_s"] is None:
        lonely = ("aggregate", "for_s", "threshold")
        errors = {name: "goes with window_s" for name in lonely if fields[name]}
        if fields["recovery_threshold"] is not None:
            errors["recovery_threshold"] = "goes with window_s"
        if fields["condition_field"] is None and not has_query:
            reason = "is what a rule without aggregate compares, unless it has a query"
            errors["condition_field"] = reason
        return errors
    if fields["aggregate"] is None:
        return {"aggregate": "says what is compared over window_s"}
    if fields["aggregate"] == Aggregate.COUNT:
        needed = {"threshold": "is the count from which the rule holds"}
        if not has_query:
            needed["condition_field"] = "says which logs are counted, or a query does"
        return {name: why for name, why in needed.items() if fields[name] is None}
    return {
        name: "goes with the aggregate count only"
        for name in ("condition_field", "threshold")
        if fields[name] is not None
    }


def _of_values(fields: dict[str, Any]) -> dict[str, str]:
    """Whether the value can be compared with what it is to be compared with."""
    errors: dict[str, str] = {}
    if fields["condition_field"] is not None:
        errors |= _of_condition(fields)
    if fields["window_s"] is not None:
        errors |= _of_window(fields)
    return errors


def _of_condition(fields: dict[str, Any]) -> dict[str, str]:
    field = ConditionField(fields["condition_field"])
    operator = ConditionOperator(fields["condition_operator"])
    value = fields["condition_value"]
    problem = Condition(field=field, operator=operator, value=value).problem()
    if problem is None:
        return {}
    is_order = field is ConditionField.ERROR
    return {"condition_operator" if is_order else "condition_value": problem}


def _of_window(fields: dict[str, Any]) -> dict[str, str]:
    aggregate = Aggregate(fields["aggregate"])
    operator, value = fields["condition_operator"], fields["condition_value"]
    if aggregate is Aggregate.COUNT:
        operator, value = COUNTED, str(fields["threshold"])
    window = AlertWindow(
        seconds=fields["window_s"],
        aggregate=aggregate,
        operator=ConditionOperator(operator),
        value=value,
        recovery=fields["recovery_threshold"],
    )
    problem = window.problem()
    if problem is not None:
        return {"condition_value": problem}
    problem = window.recovery_problem()
    return {} if problem is None else {"recovery_threshold": problem}
