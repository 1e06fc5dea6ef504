"""Heat maps: how many logs of each moment took how long."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# A row is half of an octave: 1 to 1.5 ms, 1.5 to 2, 2 to 3 … These are bounds of the
# rollups' bins, too, so that a cell counts just the logs that lie between them.
SHORTEST_MS, LONGEST_MS = 1.0, 131_072.0
EDGES_MS = (0.0, *(2.0**n * half for n in range(17) for half in (1, 1.5)), LONGEST_MS)


@dataclass(frozen=True, slots=True)
class HeatBucket:
    """*counts*: of each row, the shortest latencies first."""

    start: datetime
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """*edges_ms*: where each row begins; the last one's end is None, where it has none.

    Rows below and above all latencies there are are left out.
    """

    width: timedelta
    since: datetime | None
    until: datetime | None
    edges_ms: tuple[float | None, ...]
    buckets: tuple[HeatBucket, ...]
