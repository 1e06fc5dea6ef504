"""When a rule holds for a log."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import eq, ge, gt, le, lt, ne
from typing import Any
from uuid import UUID

from monitor.exchange import Exchange


class ConditionField(StrEnum):
    STATUS_CODE = "status_code"
    LATENCY_MS = "latency_ms"
    ERROR = "error"


class ConditionOperator(StrEnum):
    AT_LEAST = ">="
    AT_MOST = "<="
    EQUAL = "=="
    UNEQUAL = "!="
    ABOVE = ">"
    BELOW = "<"


COMPARE: dict[ConditionOperator, Callable[[Any, Any], bool]] = {
    ConditionOperator.AT_LEAST: ge,
    ConditionOperator.AT_MOST: le,
    ConditionOperator.EQUAL: eq,
    ConditionOperator.UNEQUAL: ne,
    ConditionOperator.ABOVE: gt,
    ConditionOperator.BELOW: lt,
}
EQUALITY = frozenset({ConditionOperator.EQUAL, ConditionOperator.UNEQUAL})
LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """*value* is text, coerced to the field's type; see *problem*."""

    field: ConditionField
    operator: ConditionOperator
    value: str

    def problem(self) -> str | None:
        """Why this can never hold or fail to hold; None if it can."""
        if self.field is ConditionField.ERROR:
            is_order = self.operator not in EQUALITY
            return "error is compared with == or != only" if is_order else None
        try:
            _number(self.field, self.value)
        except ValueError as error:
            return str(error)
        return None

    def holds(self, exchange: Exchange) -> bool:
        """Whether *exchange* matches; one without the field never does.

        Raises ValueError where the value cannot be coerced.
        """
        compare = COMPARE[self.operator]
        if self.field is ConditionField.ERROR:
            return self._holds_for_error(exchange.error, compare)
        wanted = _number(self.field, self.value)
        actual = getattr(exchange, self.field.value)
        return actual is not None and compare(actual, wanted)

    def _holds_for_error(
        self, error: str | None, compare: Callable[[Any, Any], bool]
    ) -> bool:
        """`true` and `false` ask whether it is set, any other value is its text."""
        wanted = self.value.strip().lower()
        if wanted in ("true", "false"):
            return compare(error is not None, wanted == "true")
        return compare(error, self.value)

    def message(self, exchange: Exchange) -> str:
        """What an event says: the rule, and what the log had."""
        actual = getattr(exchange, self.field.value)
        shown = str(actual)[:LONGEST_SHOWN]
        return (
            f"{self.field} {self.operator} {self.value}: {exchange.method} had {shown}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule. *error* says why it cannot run, where it broke."""

    id: UUID
    service_id: UUID
    name: str
    description: str | None
    condition: Condition
    is_active: bool
    error: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    id: UUID
    alert_id: UUID
    service_id: UUID
    log_id: UUID
    fired_at: datetime
    message: str


def _number(field: ConditionField, value: str) -> float:
    if field is ConditionField.STATUS_CODE:
        text = value.strip()
        if not text.isascii() or not text.isdigit() or len(text) > 3:
            raise ValueError("status_code is compared with a whole number up to 999")
        return int(text)
    try:
        number = float(value)
    except ValueError:
        raise ValueError("latency_ms is compared with a number") from None
    if not math.isfinite(number):
        raise ValueError("latency_ms is compared with a finite number")
    return number
