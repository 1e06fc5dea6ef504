"""When a rule holds for all logs of the last seconds together."""

import math
from dataclasses import dataclass
from enum import StrEnum

from monitor.alerts import COMPARE, Condition, ConditionOperator

LONGEST_WINDOW_S = 86_400
SHORTEST_WINDOW_S = 5
MOST_LOGS = 1_000_000_000


class Aggregate(StrEnum):
    """COUNT: of the logs that meet the rule's condition; the others are of all logs."""

    COUNT = "count"
    ERROR_RATE = "error_rate"
    P95_LATENCY_MS = "p95_latency_ms"
    REQUEST_COUNT = "request_count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """*value* is text, coerced to what the aggregate is; see *problem*."""

    seconds: int
    aggregate: Aggregate
    operator: ConditionOperator
    value: str
    for_s: int = 0

    def problem(self) -> str | None:
        """Why this can never be compared; None if it can."""
        try:
            self.limit()
        except ValueError as error:
            return str(error)
        return None

    def limit(self) -> float:
        """Raises ValueError where the value cannot be coerced."""
        match self.aggregate:
            case Aggregate.COUNT | Aggregate.REQUEST_COUNT:
                return _whole(self.aggregate, self.value)
            case Aggregate.ERROR_RATE:
                return _number(self.aggregate, self.value, most=1)
            case Aggregate.P95_LATENCY_MS:
                return _number(self.aggregate, self.value, most=math.inf)

    def holds(self, measured: float | None) -> bool:
        """Whether *measured* breaks the rule; nothing measured never does."""
        limit = self.limit()
        return measured is not None and COMPARE[self.operator](measured, limit)

    def asks_for_traffic(self) -> bool:
        """Whether silence breaks the rule."""
        return self.aggregate is Aggregate.REQUEST_COUNT and self.holds(0)

    def message(self, measured: float | None, condition: Condition | None) -> str:
        """What an event says: the rule, and what was measured."""
        shown = "nothing" if measured is None else f"{measured:.6g}"
        asked = f"{self.aggregate} {self.operator} {self.value}"
        if condition is not None:
            asked = f"{asked} of {condition}"
        return f"{asked} within {self.seconds} s: it was {shown}"


def _whole(aggregate: Aggregate, value: str) -> int:
    text = value.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise ValueError(f"{aggregate} is compared with a whole number")
    if int(text) > MOST_LOGS:
        raise ValueError(f"{aggregate} is compared with at most {MOST_LOGS}")
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
