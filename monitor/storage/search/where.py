"""WHERE: conditions on a row of logs AS l, as they come together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitor.storage.database.partitions import BEGIN_OF_DAY, DAYS_OF
from monitor.traffic.ids import timestamp_of

# In a clause, which is made before all bounds are known: that a row AS h, one of a day,
# is of a day that is asked for.
OF_THESE_DAYS = "true /* days */"
# The same of a row AS p, which has a log's time.
OF_THIS_TIME = "true /* time */"
# And that a row AS h, a pack of bodies, may have some of these logs'.
OF_THESE_PACKS = "true /* packs */"
# A pack that may have one of ids.
ONE_OF = """
    EXISTS (SELECT 1
              FROM unnest({}::uuid[]) AS own (id)
             WHERE own.id >= h.first_id
               AND own.id <= h.last_id)
"""
MILLISECOND = "interval '1 ms'"


@dataclass(frozen=True, slots=True)
class Beside:
    """What is joined with logs in one of two ways: *each* looks it up for a log that
    is met, *many* reads all that there is within the bounds, for who goes over these.
    """

    each: str
    many: str


class Conditions:
    """Clauses, their arguments in $1..$n order, and what they see beside the logs."""

    def __init__(self, arguments: list[object] | None = None) -> None:
        """*arguments*: those of a statement that these become a part of."""
        self.clauses: list[str] = []
        self.arguments = [] if arguments is None else arguments
        self._beside: dict[str | Beside, None] = {}
        self._reads_many = False
        self._bounds: list[str] = []
        self._days: list[str] = []
        self._packs: list[str] = []

    def add(self, clause: str, value: object) -> None:
        """*clause* with {} for the value's place; nothing where *value* is None."""
        if value is None:
            return
        self.arguments.append(value)
        self.clauses.append(clause.format(f"${len(self.arguments)}"))

    def place(self, value: object) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def bound(self, column_is: str, value: datetime | None) -> None:
        """What holds of the log's time, `>= {}` or `< {}`, and of what is beside it.

        The planner does not see that for itself: it would open all days of these.
        """
        if value is None:
            return
        placed = self.place(value)
        self._bounds.append(f"{{0}}.ts {column_is.format(placed)}")
        self.clauses.append(self._bounds[-1].format("l"))
        if column_is.startswith(">"):
            self._packs.append(f"h.last_id >= lowest_id({placed})")
            # A day begins before its logs.
            placed = BEGIN_OF_DAY.format(placed)
        else:
            self._packs.append(
                f"h.first_id < lowest_id({placed}::timestamptz + {MILLISECOND})"
            )
        self._days.append(f"h.ts {column_is.format(placed)}")

    def reads_many(self) -> None:
        """Most logs within the bounds are looked at: what is beside them is read once,
        and not for each.
        """
        self._reads_many = True

    def within(self, spans: Iterable[tuple[UUID, UUID]], some: Sequence[UUID]) -> None:
        """That the log's id is from the one of a span on, before the other, or one of
        *some*: of what is beside it, too, or all of these days would be read.
        """
        self.reads_many()
        rows, days, packs = list[str](), list[str](), list[str]()
        for low, high in spans:
            first, last = self.place(timestamp_of(low)), self.place(timestamp_of(high))
            lowest, highest = self.place(low), self.place(high)
            rows.append(
                f"({{0}}.id >= {lowest} AND {{0}}.id < {highest}"
                f" AND {{0}}.ts >= {first} AND {{0}}.ts <= {last})"
            )
            days.append(f"(h.ts >= {BEGIN_OF_DAY.format(first)} AND h.ts <= {last})")
            packs.append(f"(h.last_id >= {lowest} AND h.first_id < {highest})")
        if some:
            ids = self.place(list(some))
            moments = self.place(list({timestamp_of(id) for id in some}))
            rows.append(
                f"({{0}}.id = ANY({ids}::uuid[])"
                f" AND {{0}}.ts = ANY({moments}::timestamptz[]))"
            )
            days.append(f"h.ts = ANY({DAYS_OF.format(moments)})")
            packs.append(ONE_OF.format(ids))
        self._bounds.append(f"({' OR '.join(rows)})")
        self.clauses.append(self._bounds[-1].format("l"))
        self._days.append(f"({' OR '.join(days)})")
        self._packs.append(f"({' OR '.join(packs)})")

    @property
    def where(self) -> str:
        return self._placed(" AND ".join(["true", *self.clauses]))

    def _placed(self, sql: str) -> str:
        time = [each.format("p") for each in self._bounds]
        for what, bounds in (
            (OF_THESE_DAYS, self._days),
            (OF_THIS_TIME, time),
            (OF_THESE_PACKS, self._packs),
        ):
            sql = sql.replace(what, " AND ".join(["true", *bounds]))
        return sql

    def see(self, join: str | Beside) -> None:
        self._beside[join] = None

    def sees(self, join: str | Beside) -> bool:
        return join in self._beside

    @property
    def joins(self) -> str:
        return " ".join(map(self._bounded, self._beside))

    def _bounded(self, join: str | Beside) -> str:
        """*join* is of a table AS its letter, ON its key, or has its bounds within."""
        if isinstance(join, Beside):
            return self._placed(join.many if self._reads_many else join.each)
        name = join.partition(" AS ")[2].partition(" ")[0]
        return " AND ".join([join, *(each.format(name) for each in self._bounds)])
