"""Limits: on how many a service may have, and on how many are counted."""

from uuid import UUID

import asyncpg

from monitor.errors import Conflict
from monitor.logs.filter import EXACT_TOTAL


async def counted(connection: asyncpg.Connection, rows: str, *arguments: object) -> int:
    """How many *rows* there are, as they stand behind a FROM; EXACT_TOTAL and one where
    there are more.
    """
    found: int = await connection.fetchval(
        f"""
        SELECT count(*)
          FROM (SELECT 1
                  FROM {rows}
                 LIMIT {EXACT_TOTAL + 1}) AS capped
        """,
        *arguments,
    )
    return found


async def need_room(
    connection: asyncpg.Connection,
    table: str,
    service_id: UUID | None,
    *,
    most: int,
    setting: str,
    which: str = "true",
) -> bool:
    """In the transaction that adds one to *table*; False where the service is gone.

    Raises Conflict where there are *most*; those that are there stay. *service_id* is
    None for what belongs to all services.
    """
    if service_id is not None:
        # Who adds one at the same time waits, and counts this one; logs do not wait.
        is_there = await connection.fetchval(
            "SELECT true FROM services WHERE id = $1 FOR NO KEY UPDATE", service_id
        )
        if not is_there:
            return False
    count = await connection.fetchval(
        f"""
        SELECT count(*)
          FROM {table}
         WHERE service_id IS NOT DISTINCT FROM $1 AND {which}
        """,
        service_id,
    )
    if count >= most:
        whose = "for all services" if service_id is None else "of this service"
        raise Conflict(f"there are {count} already {whose}: {setting} is {most}")
    return True
