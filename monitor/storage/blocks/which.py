"""Which logs are read for a block: all of a range of ids, or some by these."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from monitor.traffic.ids import timestamp_of


@dataclass(frozen=True, slots=True)
class Which:
    """*rows*: of a table {0} with a log's key; *forms*: of the days of these."""

    rows: str
    forms: str
    arguments: Sequence[object]


def between(after: UUID, upto: UUID) -> Which:
    """Behind *after*, up to and with *upto*."""
    return Which(
        "{0}.id > $1 AND {0}.id <= $2 AND {0}.ts >= $3 AND {0}.ts <= $4",
        "h.ts > $3 - interval '1 day' AND h.ts <= $4",
        (after, upto, timestamp_of(after), timestamp_of(upto)),
    )


def some(ids: Sequence[UUID]) -> Which:
    return Which(
        "{0}.id = ANY($1::uuid[]) AND {0}.ts = ANY($2::timestamptz[])",
        """h.ts = ANY(ARRAY(SELECT date_bin('1 day', own.ts, '2000-01-01 00:00+00')
                              FROM unnest($2::timestamptz[]) AS own (ts)))""",
        (list(ids), list({timestamp_of(id) for id in ids})),
    )
