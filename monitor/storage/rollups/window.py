"""A window as rows to be summed: of rollups, of changes, and of logs at its edges."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.logs.metrics import Scope
from monitor.storage.rollups.changes import ALL_CHANGES
from monitor.storage.rollups.coverage import ALWAYS, NEVER
from monitor.storage.rollups.fold import WIDTHS
from monitor.storage.rollups.spans import Span, spans_of
from monitor.storage.rollups.sums import SUMMED, summed
from monitor.traffic.ids import lowest_at

MILLISECOND = timedelta(milliseconds=1)
# What is counted and measured of a row of logs AS l, as a row of changes has it.
LOG_ROW = """
    l.method, coalesce(l.endpoint, l.path) AS endpoint, l.status_code,
    1 AS requests, l.is_error::int AS errors,
    CASE WHEN l.latency_ms IS NULL THEN '{}' ELSE ARRAY[l.latency_ms] END AS latencies
"""
CHANGE_ROW = "method, endpoint, status_code, requests, errors, latencies"
COUNTS = ("sum(requests)::bigint AS requests", "sum(errors)::bigint AS errors")
# As the logs have them: an endpoint is the path of what has no other.
ROWS = {
    "service_rollups": "service_rollups",
    "endpoint_rollups": "(SELECT *, endpoint AS path FROM endpoint_rollups)",
    "rollup_changes": f"(SELECT *, endpoint AS path FROM {ALL_CHANGES})",
}


class Window:
    """What *scope* asks for, read of *table* and, before *complete_from*, of logs.

    *every*: the width of what is asked apart; rows of longer ones would not do.
    *and_sources*: whatever their source is.
    """

    def __init__(
        self,
        scope: Scope,
        complete_from: datetime,
        table: str,
        *,
        every: timedelta | None = None,
        and_sources: bool = False,
    ) -> None:
        self.arguments: list[object] = []
        self._scope = scope
        self._table = table
        self._and_sources = and_sources
        asked = Span(max(scope.since or ALWAYS, ALWAYS), scope.until or NEVER)
        widths = [
            width
            for width in WIDTHS[table]
            if every is None or every % timedelta(seconds=width) == timedelta()
        ]
        self._spans = spans_of(asked, complete_from, widths)
        self._clauses = self._of_scope()
        self._counts = "requests, errors"
        self._beside: list[str] = []

    def add_logs(self, span: Span, clause: str) -> None:
        """Logs before the window, too: those of *span* that meet *clause*."""
        self._beside.append(f"{self._logs(span)} AND {clause}")

    def narrow(self, clause: str) -> None:
        """*clause*: of a row AS l with what *table* has, and a path."""
        self._clauses.append(clause)

    def narrow_to_errors(self, are_errors: bool) -> None:
        """For what is counted: to errors, or to all others."""
        self._counts = (
            "errors AS requests, errors"
            if are_errors
            else "requests - errors AS requests, 0 AS errors"
        )

    def place(self, value: object) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def summed(self, by: Sequence[str], of: str = "") -> str:
        """Rows with *by* and SUMMED; *of*: what is selected as *by*, where it is none
        of the columns.
        """
        keys = of or ", ".join(by)
        folded = f"SELECT {keys}, {', '.join(SUMMED)} FROM ({self._folded()}) AS r"
        raw = f"SELECT {keys}, requests, errors, latencies FROM ({self._raw()}) AS r"
        return summed(raw, folded if self._spans.folded else None, by)

    def counted(self, by: Sequence[str], of: str = "") -> str:
        """Rows with *by*, requests and errors; *of* as *summed* has it."""
        return f"""
            SELECT {", ".join((*by, *COUNTS))}
              FROM ({self.rows([of] if of else by)}) AS part
            {"GROUP BY " + ", ".join(by) if by else ""}
            """

    def rows(self, of: Sequence[str]) -> str:
        """What is to be added up: *of* as it is selected, requests and errors."""
        columns = ", ".join((*of, self._counts))
        rows = [self._raw()]
        if self._spans.folded:
            rows.append(self._folded())
        return " UNION ALL ".join(f"SELECT {columns} FROM ({r}) AS r" for r in rows)

    def _folded(self) -> str:
        return " UNION ALL ".join(
            f"""
            SELECT l.*
              FROM {ROWS[self._table]} AS l
              JOIN services AS s ON s.id = l.service_id
             WHERE l.width_s = {width}
               AND {self._within("l.start", span)}
               AND {self._conditions}
            """
            for width, span in self._spans.folded
        )

    def _raw(self) -> str:
        rows = [*self._beside, *(self._logs(edge) for edge in self._spans.edges)]
        if self._spans.whole is not None:
            rows.append(self._changes(self._spans.whole))
        return " UNION ALL ".join(rows)

    def _changes(self, span: Span) -> str:
        return f"""
            SELECT l.start, l.service_id, l.source, {CHANGE_ROW}
              FROM {ROWS["rollup_changes"]} AS l
              JOIN services AS s ON s.id = l.service_id
             WHERE {self._within("l.start", span)}
               AND {self._conditions}
            """

    def _logs(self, span: Span) -> str:
        """Along the indexes by id, which carry their time."""
        clauses = [self._within("l.ts", span), self._conditions]
        if span.since > ALWAYS:
            clauses.append(f"l.id >= {self.place(lowest_at(span.since))}")
        if span.until < NEVER:
            bound = lowest_at(span.until + MILLISECOND)
            clauses.append(f"l.id < {self.place(bound)}")
        return f"""
            SELECT l.ts AS start, l.service_id, l.source, {LOG_ROW}
              FROM logs AS l
              JOIN services AS s ON s.id = l.service_id
             WHERE {" AND ".join(clauses)}
            """

    def _within(self, column: str, span: Span) -> str:
        clauses = []
        if span.since > ALWAYS:
            clauses.append(f"{column} >= {self.place(span.since)}")
        if span.until < NEVER:
            clauses.append(f"{column} < {self.place(span.until)}")
        return " AND ".join(clauses) or "true"

    @property
    def _conditions(self) -> str:
        return " AND ".join(["true", *self._clauses])

    def _of_scope(self) -> list[str]:
        clauses = []
        if self._scope.service_id is not None:
            clauses.append(f"l.service_id = {self.place(self._scope.service_id)}")
        if self._and_sources:
            pass
        elif self._scope.source is None:
            clauses.append("l.source <> 'replay'")
        else:
            clauses.append(f"l.source = {self.place(self._scope.source.value)}")
        return clauses
