"""Sessions of PostgreSQL: what each is set to, and what it is used for."""

import socket
from typing import Any
from uuid import UUID

import asyncpg

from monitor.traffic.ids import bytes_of, uuid_from

NAME = "apimonitor"
# What may be under way to PostgreSQL on a Unix socket: some parts of a COPY.
SEND_BYTES = 1024 * 1024
SERVER_SETTINGS = {
    "application_name": NAME,
    "search_path": "apimonitor",
    "timezone": "UTC",
    # A 201 means committed, whatever the server's or the role's default is.
    "synchronous_commit": "on",
    # A connection that vanished must not hold its locks for hours.
    "idle_in_transaction_session_timeout": "120s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    # Plain PostgreSQL takes the unknown dotted name as a placeholder.
    "citus.multi_shard_modify_mode": "sequential",
    # One statement takes one core of the server's, and is not planned for longer than
    # it runs.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    # Of new tags: what waits to be sorted into their index is read as a whole by each
    # search for one, and takes six times the room.
    "gin_pending_list_limit": "64kB",
}
# PostgreSQL reports a session's name whenever it changes: so it is known here what the
# session is set to, and everybody sees in pg_stat_activity what it was last used for.
READER = f"{NAME}: reads"
AS_WRITER = f"SET application_name = '{NAME}'; RESET statement_timeout"


def as_reader(statement_ms: int) -> str:
    """The server ends a statement by itself that takes longer."""
    return f"SET application_name = '{READER}'; SET statement_timeout = {statement_ms}"


async def use_as(connection: Any, statement: str) -> None:
    """Set it to *statement*: a round trip where it was used otherwise before."""
    is_reader = connection.get_settings().application_name == READER
    if is_reader is (statement is AS_WRITER):
        await connection.execute(statement)


async def begun(connection: asyncpg.Connection) -> None:
    """A connection that was just made becomes one of ours."""
    await with_plain_ids(connection)
    _with_room(connection)


def _with_room(connection: asyncpg.Connection) -> None:
    """On a Unix socket what COPY sends is taken at once, as far as the kernel lets us:
    else each part of it waits for PostgreSQL to read a half. TCP sees to it itself."""
    # asyncpg tells nobody which socket it has.
    transport = getattr(connection, "_transport", None)
    own = None if transport is None else transport.get_extra_info("socket")
    if own is not None and own.family == socket.AF_UNIX:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)


async def with_plain_ids(connection: asyncpg.Connection) -> None:
    """Ids are uuid.UUID: asyncpg's own is a subclass that JSON encoders do not know."""
    await connection.set_type_codec(
        "uuid",
        schema="pg_catalog",
        format="binary",
        encoder=_id_as_sent,
        decoder=uuid_from,
    )


async def left_as_it_is(connection: asyncpg.Connection) -> None:
    """Nothing outlives a block but what *use_as* set: all else is set in a transaction,
    and who takes a lock gives it back. To have PostgreSQL look would be another round
    trip for each."""


def _id_as_sent(id: UUID | bytes) -> bytes:
    """An id, or its bytes, of which there are many at a time."""
    return id if isinstance(id, bytes) else bytes_of(id)
