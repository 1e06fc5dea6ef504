"""WHERE: conditions on a row of logs AS l, as they come together."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from monitor.traffic.ids import timestamp_of

# In a clause, which is made before all bounds are known: that a row AS h, one of a day,
# is of a day that is asked for.
OF_THESE_DAYS = "true /* days */"
# The same of a row AS p, which has a log's time.
OF_THIS_TIME = "true /* time */"
BEGIN_OF_DAY = "date_bin('1 day', {}::timestamptz, '2000-01-01 00:00+00')"
DAYS_OF = f"""
    ARRAY(SELECT {BEGIN_OF_DAY.format("own.ts")}
            FROM unnest({{}}::timestamptz[]) AS own (ts))
"""


class Conditions:
    """Clauses, their arguments in $1..$n order, and what they see beside the logs."""

    def __init__(self, arguments: list[object] | None = None) -> None:
        """*arguments*: those of a statement that these become a part of."""
        self.clauses: list[str] = []
        self.arguments = [] if arguments is None else arguments
        self._beside: dict[str, None] = {}
        self._bounds: list[str] = []
        self._days: list[str] = []

    def add(self, clause: str, value: object) -> None:
        """*clause* with {} for the value's place; nothing where *value* is None."""
        if value is None:
            return
        self.arguments.append(value)
        self.clauses.append(clause.format(f"${len(self.arguments)}"))

    def place(self, value: object) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def bound(self, column_is: str, value: object) -> None:
        """What holds of the log's time, `>= {}` or `< {}`, and of what is beside it.

        The planner does not see that for itself: it would open all days of these.
        """
        if value is None:
            return
        placed = self.place(value)
        self._bounds.append(f"{{0}}.ts {column_is.format(placed)}")
        self.clauses.append(self._bounds[-1].format("l"))
        if column_is.startswith(">"):
            # A day begins before its logs.
            placed = BEGIN_OF_DAY.format(placed)
        self._days.append(f"h.ts {column_is.format(placed)}")

    def within(self, spans: Iterable[tuple[UUID, UUID]], some: Sequence[UUID]) -> None:
        """That the log's id is from the one of a span on, before the other, or one of
        *some*: of what is beside it, too, or all of these days would be read.
        """
        rows, days = list[str](), list[str]()
        for low, high in spans:
            first, last = self.place(timestamp_of(low)), self.place(timestamp_of(high))
            rows.append(
                f"({{0}}.id >= {self.place(low)} AND {{0}}.id < {self.place(high)}"
                f" AND {{0}}.ts >= {first} AND {{0}}.ts <= {last})"
            )
            days.append(f"(h.ts >= {BEGIN_OF_DAY.format(first)} AND h.ts <= {last})")
        if some:
            ids = self.place(list(some))
            moments = self.place(list({timestamp_of(id) for id in some}))
            rows.append(
                f"({{0}}.id = ANY({ids}::uuid[])"
                f" AND {{0}}.ts = ANY({moments}::timestamptz[]))"
            )
            days.append(f"h.ts = ANY({DAYS_OF.format(moments)})")
        self._bounds.append(f"({' OR '.join(rows)})")
        self.clauses.append(self._bounds[-1].format("l"))
        self._days.append(f"({' OR '.join(days)})")

    @property
    def where(self) -> str:
        days = " AND ".join(["true", *self._days])
        time = " AND ".join(["true", *(each.format("p") for each in self._bounds)])
        made = " AND ".join(["true", *self.clauses])
        return made.replace(OF_THESE_DAYS, days).replace(OF_THIS_TIME, time)

    def see(self, join: str) -> None:
        self._beside[join] = None

    def sees(self, join: str) -> bool:
        return join in self._beside

    @property
    def joins(self) -> str:
        return " ".join(map(self._bounded, self._beside))

    def _bounded(self, join: str) -> str:
        """*join* is of a table AS its letter, ON its key."""
        name = join.partition(" AS ")[2].partition(" ")[0]
        return " AND ".join([join, *(each.format(name) for each in self._bounds)])
