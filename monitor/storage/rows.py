"""How exchanges become rows: by COPY, of bytes that the proxy has packed already."""

from collections.abc import AsyncIterator, Sequence

import asyncpg

from monitor.codec import Recorded
from monitor.exchange import Exchange
from monitor.packing import BODY_COLUMNS, DETAIL_COLUMNS, LOG_COLUMNS, Rows, pack
from monitor.storage import messages

# PostgreSQL's binary COPY: a signature, no flags, no extension; the end.
BEGINNING = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"

Storable = Exchange | Recorded


async def insert(connection: asyncpg.Connection, storables: Sequence[Storable]) -> None:
    """Add *storables* by COPY, inside the caller's transaction.

    Their partitions exist, or asyncpg.CheckViolationError is raised. Raises ValueError
    for what no column holds.
    """
    rows = [_rows(storable) for storable in storables]
    await _copy(connection, "logs", LOG_COLUMNS, [each.log for each in rows])
    await _copy(connection, "log_details", DETAIL_COLUMNS, [r.detail for r in rows])
    bodies = [each.body for each in rows if each.body]
    if bodies:
        await _copy(connection, "log_bodies", BODY_COLUMNS, bodies)
    told = messages.rows_of([exchange_of(s) for s in storables if _has_messages(s)])
    if told:
        await connection.copy_records_to_table(
            "log_messages",
            schema_name="apimonitor",
            columns=messages.COLUMNS,
            records=told,
        )


def exchange_of(storable: Storable) -> Exchange:
    return storable.exchange() if isinstance(storable, Recorded) else storable


def _rows(storable: Storable) -> Rows:
    return storable.rows() if isinstance(storable, Recorded) else pack(storable)


def _has_messages(storable: Storable) -> bool:
    if isinstance(storable, Recorded):
        return storable.has_messages
    return storable.messages is not None


async def _copy(
    connection: asyncpg.Connection,
    table: str,
    columns: Sequence[str],
    rows: list[bytes],
) -> None:
    await connection.copy_to_table(
        table,
        schema_name="apimonitor",
        columns=columns,
        source=_once(b"".join([BEGINNING, *rows, END])),
        format="binary",
    )


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
