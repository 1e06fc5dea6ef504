"""States that a rule over a window goes through."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class AlertState(StrEnum):
    """PENDING: the rule holds, but not yet for long enough."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class AlertStanding:
    """The state a rule is in, and since when."""

    state: AlertState
    since: datetime

    def next(
        self, *, holds: bool, for_s: int, now: datetime, is_over: bool | None = None
    ) -> "AlertStanding":
        """Where the rule stands after a look at *now*; the same where nothing changed.

        It fires once it has held for *for_s* seconds, at once where that is 0, and
        until it *is_over*: unless said otherwise, as soon as it holds no more.
        """
        if self.state is AlertState.FIRING:
            is_over = not holds if is_over is None else is_over
            return AlertStanding(AlertState.RESOLVED, now) if is_over else self
        if not holds:
            return self._let_go(now)
        began = self.since if self.state is AlertState.PENDING else now
        # The clock may have stepped back since.
        began = min(began, now)
        if now - began >= timedelta(seconds=for_s):
            return AlertStanding(AlertState.FIRING, now)
        return AlertStanding(AlertState.PENDING, began)

    def _let_go(self, now: datetime) -> "AlertStanding":
        if self.state is AlertState.PENDING:
            return AlertStanding(AlertState.OK, now)
        return self
