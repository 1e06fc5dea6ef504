"""Windows: all logs of the last seconds together, and when a rule holds for them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from operator import ge, le

from monitor.alerts.asked import shown
from monitor.alerts.condition import COMPARE, Condition, ConditionOperator

MAX_WINDOW_S = 86_400
SHORTEST_WINDOW_S = 5
MAX_LOGS = 1_000_000_000
# A count of logs holds from its threshold on.
COUNTED = ConditionOperator.AT_LEAST
# How what is measured compares with the value at which a rule that fires is over.
OVER: dict[ConditionOperator, Callable[[float, float], bool]] = {
    ConditionOperator.ABOVE: le,
    ConditionOperator.AT_LEAST: le,
    ConditionOperator.BELOW: ge,
    ConditionOperator.AT_MOST: ge,
}


class Aggregate(StrEnum):
    """COUNT: of the logs that meet the rule's condition; the others are of all logs
    that it looks at.
    """

    COUNT = "count"
    ERROR_RATE = "error_rate"
    P95_LATENCY_MS = "p95_latency_ms"
    REQUEST_COUNT = "request_count"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWindow:
    """*value* is text, coerced to what the aggregate is; see *problem*.

    *recovery*: the value at which a rule that fires is over; None: once it holds no
    more.
    """

    seconds: int
    aggregate: Aggregate
    operator: ConditionOperator
    value: str
    for_s: int = 0
    recovery: float | None = None

    def problem(self) -> str | None:
        """Why this can never be compared; None if it can."""
        try:
            self.limit()
        except ValueError as error:
            return str(error)
        return None

    def recovery_problem(self) -> str | None:
        """Why a rule that fires could not be over at *recovery*; None if it could."""
        if self.recovery is None:
            return None
        if self.operator not in OVER:
            return "goes with >, >=, < and <= only"
        is_whole = self.recovery.is_integer()
        try:
            self._coerced(str(int(self.recovery) if is_whole else self.recovery))
        except ValueError as error:
            return str(error)
        if self.holds(self.recovery):
            rule = f"{self.aggregate} {self.operator} {self.value}"
            return f"must be a value at which {rule} does not hold"
        return None

    def limit(self) -> float:
        """Raises ValueError where the value cannot be coerced."""
        return self._coerced(self.value)

    def _coerced(self, value: str) -> float:
        match self.aggregate:
            case Aggregate.COUNT | Aggregate.REQUEST_COUNT:
                return _whole(self.aggregate, value)
            case Aggregate.ERROR_RATE:
                return _number(self.aggregate, value, most=1)
            case Aggregate.P95_LATENCY_MS:
                return _number(self.aggregate, value, most=math.inf)

    def holds(self, measured: float | None) -> bool:
        """Whether *measured* breaks the rule; nothing measured never does."""
        limit = self.limit()
        return measured is not None and COMPARE[self.operator](measured, limit)

    def is_over(self, measured: float | None) -> bool:
        """Whether a rule that fires is over; where nothing is measured, it is."""
        if measured is None or self.recovery is None:
            return not self.holds(measured)
        return OVER[self.operator](measured, self.recovery)

    def asks_for_traffic(self) -> bool:
        """Whether silence breaks the rule."""
        return self.aggregate is Aggregate.REQUEST_COUNT and self.holds(0)

    def message(
        self, measured: float | None, condition: Condition | None, query: str | None
    ) -> str:
        """What an event says: the rule, and what was measured."""
        found = "nothing" if measured is None else f"{measured:.6g}"
        of = [str(condition)] if condition else []
        of += [shown(query)] if query else []
        asked = f"{self.aggregate} {self.operator} {self.value}"
        asked = f"{asked} of {' and '.join(of)}" if of else asked
        return f"{asked} within {self.seconds} s: it was {found}"


def _whole(aggregate: Aggregate, value: str) -> int:
    text = value.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise ValueError(f"{aggregate} is compared with a whole number")
    if int(text) > MAX_LOGS:
        raise ValueError(f"{aggregate} is compared with at most {MAX_LOGS}")
    return int(text)


def _number(aggregate: Aggregate, value: str, *, most: float) -> float:
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{aggregate} is compared with a number") from None
    if not math.isfinite(number) or not 0 <= number <= most:
        bound = "from 0 to 1" if most == 1 else "finite and not negative"
        raise ValueError(f"{aggregate} is compared with a number {bound}")
    return number
