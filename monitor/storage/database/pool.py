"""The pool of connections to PostgreSQL, and what its absence looks like."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from monitor.errors import NotMigrated, Unavailable
from monitor.settings import SettingsError
from monitor.storage.database.scarcity import Scarcity
from monitor.traffic.ids import bytes_of, uuid_from

logger = logging.getLogger(__name__)

COMMAND_TIMEOUT_S = 60.0
# For upkeep, and for what has deadlines of its own.
NO_DEADLINE = math.inf
RETRY_AFTER_S = 2
SERVER_SETTINGS = {
    "application_name": "apimonitor",
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
}
# What a lost, refused or exhausted connection raises. InterfaceError is not a
# PostgresError; a closed connection can raise it.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.CannotConnectNowError,
    asyncpg.InternalClientError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.LockNotAvailableError,
    asyncpg.UndefinedTableError,
)

# What a statement may end with, whoever's fault it is.
FAILED = (asyncpg.PostgresError, asyncpg.InterfaceError)


def reason_of(error: BaseException) -> str:
    """Why PostgreSQL is away, for logs and the command line: it names the server."""
    cause = error.__cause__ or error
    return str(cause) or type(cause).__name__


async def _with_plain_ids(connection: asyncpg.Connection) -> None:
    """Ids are uuid.UUID: asyncpg's own is a subclass that JSON encoders do not know."""
    await connection.set_type_codec(
        "uuid",
        schema="pg_catalog",
        format="binary",
        encoder=_id_as_sent,
        decoder=uuid_from,
    )


async def _left_as_it_is(connection: asyncpg.Connection) -> None:
    """Nothing outlives a block: what is set is set in a transaction, and who takes a
    lock gives it back. To have PostgreSQL look would be another round trip for each."""


def _id_as_sent(id: UUID | bytes) -> bytes:
    """An id, or its bytes, of which there are many at a time."""
    return id if isinstance(id, bytes) else bytes_of(id)


class ReadDeadline:
    """Ends *held* after *seconds*, whatever it waits for.

    A cancelled statement would not do: asyncpg asks a server to give it up, by another
    connection, and waits for the rollback; one that is frozen answers neither.
    """

    def __init__(
        self, held: "PoolConnectionProxy[asyncpg.Record]", seconds: float
    ) -> None:
        self._held = held
        self.is_over = False
        self._timer: asyncio.TimerHandle | None = None
        if seconds < NO_DEADLINE:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, self._expire)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        self.is_over = True
        with suppress(asyncpg.InterfaceError):
            self._held.terminate()


class Database:
    """One pool, made as soon as PostgreSQL is there.

    While *awaits_migration*, only who asks for it *as_it_is* gets a connection: what an
    older version left has not the columns that the others name.
    """

    def __init__(
        self, dsn: str, *, size: int, answer_s: float = COMMAND_TIMEOUT_S
    ) -> None:
        """*answer_s*: how long a connection is held by who does not say how long."""
        self._dsn = dsn
        self._size = size
        self._answer_s = answer_s
        self._pool: asyncpg.Pool | None = None
        self._making = asyncio.Lock()
        self._scarcity = Scarcity()
        self.is_up = False
        self.awaits_migration = False

    @classmethod
    async def open(
        cls, dsn: str, *, size: int, answer_s: float = COMMAND_TIMEOUT_S
    ) -> "Database":
        """Does not raise where PostgreSQL is away: *connection* does, when asked.

        Raises SettingsError where the DSN asks for what there is not.
        """
        database = cls(dsn, size=size, answer_s=answer_s)
        try:
            async with asyncio.timeout(5):
                await database._existing_pool()
            database.is_up = True
        except AWAY as error:
            database._away(error)
        return database

    @asynccontextmanager
    async def connection(
        self,
        *,
        timeout_s: float = 2,
        held_s: float | None = None,
        as_it_is: bool = False,
    ) -> AsyncIterator[asyncpg.Connection]:
        """A connection for the block.

        Raises Unavailable where PostgreSQL is away, loses the connection within the
        block, has none free within *timeout_s*, or does not let the block come to its
        end within *held_s*; NotMigrated until it is known to hold what this version
        reads.
        """
        if self.awaits_migration and not as_it_is:
            state = "not migrated yet" if self.is_up else "away"
            raise NotMigrated(f"PostgreSQL is {state}", retry_after_s=RETRY_AFTER_S)
        pool, held = await self._acquire(timeout_s)
        deadline = ReadDeadline(held, self._answer_s if held_s is None else held_s)
        try:
            yield held  # type: ignore[misc]
            self.is_up = True
        except asyncio.CancelledError:
            # A frozen server would hold the release up, and its caller with it.
            with suppress(asyncpg.InterfaceError):
                held.terminate()
            raise
        except AWAY as error:
            # asyncpg's own errors about a value that it cannot send are ValueErrors.
            if isinstance(error, (asyncpg.QueryCanceledError, ValueError)):
                raise
            if deadline.is_over:
                self.is_up = False
                raise Unavailable(
                    "PostgreSQL did not answer in time", retry_after_s=RETRY_AFTER_S
                ) from error
            raise self._away(error) from error
        finally:
            deadline.cancel()
            await self._release(pool, held)

    async def _acquire(
        self, timeout_s: float
    ) -> tuple[asyncpg.Pool, "PoolConnectionProxy[asyncpg.Record]"]:
        scarcity = self._scarcity
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    is_asked = await scarcity.turn(self._has_idle)
                    try:
                        pool = await self._existing_pool()
                        held = await pool.acquire()
                    except asyncpg.TooManyConnectionsError as error:
                        scarcity.refused(error)
                        continue
                    if is_asked:
                        scarcity.over()
                    return pool, held
        except AWAY as error:
            if not isinstance(error, TimeoutError):
                scarcity.over()
            cause = scarcity.full or error
            raise self._away(cause) from cause

    def _has_idle(self) -> bool:
        return self._pool is not None and self._pool.get_idle_size() > 0

    async def close(self) -> None:
        """Let connections in use finish for a moment, then end them."""
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except AWAY:
            self._pool.terminate()

    async def _existing_pool(self) -> asyncpg.Pool:
        async with self._making:
            if self._pool is None:
                self._pool = await self._new_pool()
            return self._pool

    async def _new_pool(self) -> asyncpg.Pool:
        try:
            return await asyncpg.create_pool(
                self._dsn,
                min_size=1,
                max_size=self._size,
                command_timeout=COMMAND_TIMEOUT_S,
                server_settings=SERVER_SETTINGS,
                init=_with_plain_ids,
                reset=_left_as_it_is,
            )
        except ValueError as error:
            # ClientConfigurationError too, which AWAY would take for an absence.
            raise SettingsError(f"DATABASE_URL: {error}") from None

    async def _release(self, pool: asyncpg.Pool, held: object) -> None:
        try:
            await pool.release(held, timeout=2)  # type: ignore[arg-type]
        except AWAY:
            self.is_up = False
        await self._scarcity.returned()

    def _away(self, error: BaseException) -> Unavailable:
        self.is_up = False
        logger.debug("away", extra={"reason": type(error).__name__})
        is_full = isinstance(error, asyncpg.TooManyConnectionsError)
        state = "takes no more connections" if is_full else "is away"
        return Unavailable(f"PostgreSQL {state}", retry_after_s=RETRY_AFTER_S)
