"""Deliveries, and what became of each attempt."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from monitor.alerts.channel import (
    MAX_DELAY,
    Attempt,
    Attempted,
    Channel,
    Delivery,
    DeliveryState,
    delay_after,
    probe_body,
)
from monitor.alerts.kinds import ChannelKind
from monitor.alerts.told import addressed
from monitor.network.outbound import PostOutcome
from monitor.storage.alerts.notifications import DELIVERY_IDS
from monitor.storage.database.limits import counted
from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.database.shares import Share

# Longer than an attempt may take: then whoever made it is gone, and it is made again.
LEASE = timedelta(seconds=60)
MAX_WAITING = 1_000
KEPT = timedelta(days=7)
STEP_ROWS = 1_000
BEGIN = """
    begun AS (UPDATE alert_deliveries AS d
                 SET attempts = d.attempts + 1, next_attempt_at = $1
                FROM due, alert_channels AS c
               WHERE d.id = due.id AND c.id = d.channel_id
           RETURNING d.id, d.channel_id, d.attempts, d.body, c.kind, c.url,
                     c.secret),
    noted AS (INSERT INTO alert_delivery_attempts (delivery_id, number, started_at)
              SELECT id, attempts, $2 FROM begun)
    SELECT id AS delivery_id, channel_id, attempts AS number, kind, url, secret,
           body
      FROM begun
"""
COLUMNS = """
    d.id, d.channel_id, d.alert_id, d.event_id, d.state, d.next_attempt_at, d.created_at
"""


class Deliveries:
    def __init__(self, database: Database, *, public_url: str | None = None) -> None:
        """*public_url*: where the links lead of what is told."""
        self._database = database
        self._public_url = public_url

    async def begin_due(
        self, now: datetime, *, most: int, busy: Collection[UUID]
    ) -> list[Attempted]:
        """Begin an attempt of the first one due of each channel that is not *busy*.

        One a channel, so that a channel that hangs takes nobody else's place.
        """
        async with self._database.connection(timeout_s=5) as connection:
            rows = await connection.fetch(
                f"""
                WITH due AS (
                    SELECT d.id
                      FROM alert_channels AS c
                     CROSS JOIN LATERAL (
                            SELECT first.id
                              FROM alert_deliveries AS first
                             WHERE first.channel_id = c.id
                               AND first.state = 'waiting'
                               AND first.next_attempt_at <= $2
                             ORDER BY first.next_attempt_at
                             LIMIT 1
                               FOR UPDATE SKIP LOCKED) AS d
                     WHERE c.is_active AND c.id <> ALL($3)
                     LIMIT $4),
                {BEGIN}
                """,
                now + LEASE,
                now,
                list(busy),
                most,
            )
        return [
            _attempted(row, addressed(row["body"], self._public_url)) for row in rows
        ]

    async def begin_test(self, channel: Channel, now: datetime) -> Attempted | None:
        """Begin a delivery that tests *channel*; None where it is gone."""
        body = probe_body(channel.kind, channel=channel.name, now=now)
        async with (
            self._database.connection() as connection,
            connection.transaction(),
        ):
            id = DELIVERY_IDS.new()
            try:
                await connection.execute(
                    """
                    INSERT INTO alert_deliveries (id, channel_id, body, state,
                                                  created_at)
                    VALUES ($1, $2, $3, 'waiting', $4)
                    """,
                    id,
                    channel.id,
                    body,
                    now,
                )
            except asyncpg.ForeignKeyViolationError:
                return None
            row = await connection.fetchrow(
                f"WITH due AS (SELECT $3::uuid AS id), {BEGIN}", now + LEASE, now, id
            )
        return None if row is None else _attempted(row, row["body"])

    async def finish(
        self, message: Attempted, outcome: PostOutcome, now: datetime, *, is_last: bool
    ) -> None:
        """Note what became of the attempt that began at *now*, and when the next is."""
        delay = None if is_last else delay_after(message.number)
        state = DeliveryState.DELIVERED
        if outcome.error is not None:
            state = DeliveryState.FAILED if delay is None else DeliveryState.WAITING
        is_waiting = state is DeliveryState.WAITING and delay is not None
        async with (
            self._database.connection(timeout_s=5) as connection,
            connection.transaction(),
        ):
            await connection.execute(
                """
                UPDATE alert_deliveries
                   SET state = $2, next_attempt_at = $3
                 WHERE id = $1 AND state = 'waiting'
                """,
                message.delivery_id,
                state.value,
                now + delay if is_waiting and delay else None,
            )
            await connection.execute(
                """
                UPDATE alert_delivery_attempts
                   SET status_code = $3, error = $4, duration_ms = $5
                 WHERE delivery_id = $1 AND number = $2
                """,
                message.delivery_id,
                message.number,
                outcome.status_code,
                outcome.error,
                outcome.duration_ms,
            )

    async def get(self, id: UUID) -> Delivery | None:
        async with self._database.reading(Share.LOOKUPS) as connection:
            found = await _with_attempts(connection, "d.id = $1", [id], 1, 0)
        return found[0] if found else None

    async def page(
        self,
        *,
        channel_id: UUID | None = None,
        alert_id: UUID | None = None,
        limit: int,
        offset: int,
    ) -> tuple[list[Delivery], int]:
        """Deliveries, newest first, and how many there are."""
        where, arguments = "true", list[UUID]()
        if channel_id is not None:
            where, arguments = "d.channel_id = $1", [channel_id]
        elif alert_id is not None:
            where, arguments = "d.alert_id = $1", [alert_id]
        async with self._database.reading(Share.LOOKUPS) as connection:
            found = await _with_attempts(connection, where, arguments, limit, offset)
            rows = f"alert_deliveries AS d WHERE {where}"
            total = await counted(connection, rows, *arguments)
        return found, total

    async def tidy(self, now: datetime) -> None:
        """Forget old ones, and give up all but the newest that wait for a channel."""
        async with self._database.connection(
            timeout_s=5, held_s=NO_DEADLINE
        ) as connection:
            await connection.execute(
                """
                WITH placed AS (
                    SELECT id, row_number() OVER (PARTITION BY channel_id
                                                      ORDER BY id DESC) AS place
                      FROM alert_deliveries
                     WHERE state = 'waiting')
                UPDATE alert_deliveries
                   SET state = 'failed', next_attempt_at = NULL
                 WHERE id IN (SELECT id
                                FROM alert_deliveries
                               WHERE state = 'waiting'
                                 AND id IN (SELECT id FROM placed WHERE place > $1)
                                 FOR UPDATE SKIP LOCKED)
                """,
                MAX_WAITING,
            )
            # By a clock that has stepped back since: no wait is as long.
            await connection.execute(
                """
                UPDATE alert_deliveries
                   SET next_attempt_at = $1
                 WHERE state = 'waiting' AND next_attempt_at > $2
                """,
                now,
                now + MAX_DELAY,
            )
            await connection.execute(
                """
                DELETE FROM alert_deliveries
                 WHERE id IN (SELECT id
                                FROM alert_deliveries
                               WHERE created_at < $1
                               LIMIT $2
                                 FOR UPDATE SKIP LOCKED)
                """,
                now - KEPT,
                STEP_ROWS,
            )


def _attempted(row: asyncpg.Record, body: str) -> Attempted:
    return Attempted(**{**row, "kind": ChannelKind(row["kind"]), "body": body})


async def _with_attempts(
    connection: asyncpg.Connection,
    where: str,
    arguments: Sequence[UUID],
    limit: int,
    offset: int,
) -> list[Delivery]:
    rows = await connection.fetch(
        f"""
        SELECT {COLUMNS}
          FROM alert_deliveries AS d
         WHERE {where}
         ORDER BY d.id DESC
         LIMIT {int(limit)} OFFSET {int(offset)}
        """,
        *arguments,
    )
    made = await connection.fetch(
        """
        SELECT delivery_id, number, started_at, status_code, error, duration_ms
          FROM alert_delivery_attempts
         WHERE delivery_id = ANY($1)
         ORDER BY delivery_id, number
        """,
        [row["id"] for row in rows],
    )
    attempts: dict[UUID, list[Attempt]] = {row["id"]: [] for row in rows}
    for row in made:
        values = dict(row)
        attempts[values.pop("delivery_id")].append(Attempt(**values))
    return [
        Delivery(
            **{
                **row,
                "state": DeliveryState(row["state"]),
                "attempts": tuple(attempts[row["id"]]),
            }
        )
        for row in rows
    ]
