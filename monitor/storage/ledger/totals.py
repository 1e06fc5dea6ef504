"""Totals of an installation's records in PostgreSQL, and how far it has them."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from monitor.spool.segments import Segment

Key = tuple[UUID, str]


class Moved(Exception):
    """A segment is recorded further than was thought: an earlier commit did arrive."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Counts and positions of one moment; what is behind a position is not counted."""

    counts: Mapping[Key, int]
    positions: Mapping[str, int]
    at: datetime


class LedgerTotals:
    """The rows of one installation; all statements belong into a caller's transaction.

    *installation* is its name; several may share a database.
    """

    def __init__(self, installation: str) -> None:
        self._installation = installation
        self._bucket = zlib.crc32(installation.encode()) & 0xFFFF

    async def add(
        self, connection: asyncpg.Connection, counts: Mapping[Key, int]
    ) -> None:
        """Count *counts* in, in a fixed order, so that two who do never deadlock."""
        keys = sorted(key for key, n in counts.items() if n)
        if not keys:
            return
        await connection.execute(
            """
            INSERT INTO ledger AS held (bucket, installation, service_id, outcome, n)
            SELECT $1, $2, given.service_id, given.outcome, given.n
              FROM unnest($3::uuid[], $4::text[], $5::bigint[])
                   AS given (service_id, outcome, n)
                ON CONFLICT (bucket, installation, service_id, outcome)
                DO UPDATE SET n = held.n + excluded.n
            """,
            self._bucket,
            self._installation,
            [service_id for service_id, _ in keys],
            [outcome for _, outcome in keys],
            [counts[key] for key in keys],
        )

    async def move(
        self, connection: asyncpg.Connection, segment: Segment, start: int, end: int
    ) -> None:
        """*segment* is recorded from *start* to *end*. Raises Moved where it was.

        To be the first thing in a transaction: where an earlier one is still being
        committed, its answer lost, this waits for it, and then sees what it did.
        """
        moved = await connection.fetchval(
            """
            INSERT INTO spool_positions AS held
                   (segment, installation, position, updated_at)
            VALUES ($1, $2, $3, $4)
                ON CONFLICT (segment)
                DO UPDATE SET position = excluded.position,
                              updated_at = excluded.updated_at
                        WHERE held.position = $5
            RETURNING position
            """,
            segment.name,
            self._installation,
            end,
            datetime.now(UTC),
            start,
        )
        if moved is None:
            raise Moved(segment.name)

    async def position(
        self, connection: asyncpg.Connection, segment: Segment
    ) -> int | None:
        found: int | None = await connection.fetchval(
            "SELECT position FROM spool_positions WHERE segment = $1", segment.name
        )
        return found

    async def forget(self, connection: asyncpg.Connection, segment: Segment) -> None:
        """*segment* is removed."""
        await connection.execute(
            "DELETE FROM spool_positions WHERE segment = $1", segment.name
        )

    async def forget_all_but(
        self, connection: asyncpg.Connection, names: list[str]
    ) -> None:
        """Positions of segments that were removed just before a crash."""
        await connection.execute(
            """
            DELETE FROM spool_positions
             WHERE installation = $1
               AND segment <> ALL($2)
            """,
            self._installation,
            names,
        )

    async def stored(self, connection: asyncpg.Connection) -> Stored:
        """Counts and positions, from one snapshot."""
        rows = await connection.fetch(
            """
            SELECT NULL AS segment, service_id, outcome, n
              FROM ledger
             WHERE bucket = $1
               AND installation = $2
             UNION ALL
            SELECT segment, NULL, NULL, position
              FROM spool_positions
             WHERE installation = $2
            """,
            self._bucket,
            self._installation,
        )
        counts = {
            (row["service_id"], row["outcome"]): row["n"]
            for row in rows
            if row["segment"] is None
        }
        positions = {row["segment"]: row["n"] for row in rows if row["segment"]}
        return Stored(counts, positions, datetime.now(UTC))
