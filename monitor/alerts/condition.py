"""Conditions of a rule, each over one field of a log."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter, eq, ge, gt, le, lt, ne
from typing import Any

from monitor.traffic.exchange import Exchange


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
MAX_SHOWN_LENGTH = 200


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
        return self.test()(exchange)

    def test(self) -> Callable[[Exchange], bool]:
        """What *holds* asks, made once for many logs. Raises as *holds* does."""
        compare, wanted = COMPARE[self.operator], self.wanted()
        actual = attrgetter(self.field.value)
        if isinstance(wanted, bool):
            return lambda log: compare(actual(log) is not None, wanted)
        return lambda log: (found := actual(log)) is not None and compare(found, wanted)

    def wanted(self) -> float | bool | str:
        """What the field is compared with; of `error`, a bool asks whether it is set.

        Raises ValueError where the value cannot be coerced.
        """
        if self.field is not ConditionField.ERROR:
            return _number(self.field, self.value)
        text = self.value.strip().lower()
        return text == "true" if text in ("true", "false") else self.value

    def message(self, exchange: Exchange) -> str:
        """What an event says: the rule, and what the log had."""
        actual = getattr(exchange, self.field.value)
        shown = str(actual)[:MAX_SHOWN_LENGTH]
        return f"{self}: {exchange.method} had {shown}"

    def __str__(self) -> str:
        return f"{self.field} {self.operator} {self.value}"


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
