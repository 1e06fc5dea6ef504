"""The pool of connections to PostgreSQL, and what its absence looks like."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from monitor.errors import Busy, NotMigrated, TooSlow, Unavailable
from monitor.settings import SettingsError
from monitor.storage.database.deadline import ReadDeadline
from monitor.storage.database.scarcity import Scarcity
from monitor.storage.database.session import (
    AS_WRITER,
    SERVER_SETTINGS,
    as_reader,
    begun,
    left_as_it_is,
    use_as,
)
from monitor.storage.database.shares import Share, Shares

logger = logging.getLogger(__name__)

COMMAND_TIMEOUT_S = 60.0
READ_MS = 60_000
# For upkeep, and for what has deadlines of its own.
NO_DEADLINE = math.inf
RETRY_AFTER_S = 2
# What a caller waits for a connection, if it does not say how long.
PATIENCE_S = 2.0
TOO_LONG = "PostgreSQL takes longer for this than QUERY_TIMEOUT_MS allows; ask for less"
BUSY = (
    "other {} hold all connections to PostgreSQL that READ_CONNECTIONS and POOL_SIZE "
    "leave to them"
)
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


Acquired = tuple[asyncpg.Pool, "PoolConnectionProxy[asyncpg.Record]"]


class Database:
    """One pool, made as soon as PostgreSQL is there.

    While *awaits_migration*, only who asks for it *as_it_is* gets a connection: what an
    older version left has not the columns that the others name.
    """

    def __init__(
        self,
        dsn: str,
        *,
        size: int,
        shares: Shares | None = None,
        answer_s: float = COMMAND_TIMEOUT_S,
        read_ms: int = READ_MS,
    ) -> None:
        """*answer_s*: how long a connection is held by who does not say how long;
        *read_ms*: what a statement of a read may take.
        """
        self._dsn = dsn
        self._size = size
        self.shares = shares or Shares(size)
        self._answer_s = answer_s
        self._as_reader = as_reader(read_ms)
        self._pool: asyncpg.Pool | None = None
        self._making = asyncio.Lock()
        self._scarcity = Scarcity()
        self.is_up = False
        self.awaits_migration = False

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        size: int,
        shares: Shares | None = None,
        answer_s: float = COMMAND_TIMEOUT_S,
        read_ms: int = READ_MS,
    ) -> "Database":
        """Does not raise where PostgreSQL is away: *connection* does, when asked.

        Raises SettingsError where the DSN asks for what there is not.
        """
        database = cls(
            dsn, size=size, shares=shares, answer_s=answer_s, read_ms=read_ms
        )
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
        share: Share = Share.WRITES,
        *,
        timeout_s: float = PATIENCE_S,
        held_s: float | None = None,
        as_it_is: bool = False,
    ) -> AsyncIterator[asyncpg.Connection]:
        """A connection for the block.

        Raises Unavailable where PostgreSQL is away, loses the connection within the
        block, has none free within *timeout_s*, or does not let the block come to its
        end within *held_s*; Busy where others hold all of *share* for so long;
        NotMigrated until it is known to hold what this version reads.
        """
        if not as_it_is:
            self._need_migrated()
        async with self._held(share, AS_WRITER, timeout_s, held_s) as held:
            yield held

    @asynccontextmanager
    async def reading(
        self,
        share: Share,
        *,
        timeout_s: float = PATIENCE_S,
        held_s: float | None = None,
    ) -> AsyncIterator[asyncpg.Connection]:
        """The same for statements each of which the server itself ends after *read_ms*.

        Raises TooSlow for that.
        """
        self._need_migrated()
        try:
            async with self._held(share, self._as_reader, timeout_s, held_s) as held:
                yield held
        except asyncpg.QueryCanceledError:
            raise TooSlow(TOO_LONG, retry_after_s=RETRY_AFTER_S) from None

    @asynccontextmanager
    async def _held(
        self, share: Share, used_as: str, timeout_s: float, held_s: float | None
    ) -> AsyncIterator[asyncpg.Connection]:
        pool, held = await self._acquire(share, timeout_s)
        began = monotonic()
        deadline = ReadDeadline(held, self._answer_s if held_s is None else held_s)
        try:
            await use_as(held, used_as)
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
            try:
                await self._release(pool, held)
                await self.shares.rest(share, monotonic() - began)
            finally:
                self.shares.leave(share)

    async def _acquire(self, share: Share, timeout_s: float) -> Acquired:
        """With a place of *share*, which is to be left."""
        until = asyncio.get_running_loop().time() + timeout_s
        try:
            async with asyncio.timeout_at(until):
                await self.shares.enter(share)
        except TimeoutError:
            self.shares.refused(share)
            raise Busy(BUSY.format(share), retry_after_s=RETRY_AFTER_S) from None
        try:
            return await self._acquire_any(until)
        except BaseException:
            self.shares.leave(share)
            raise

    async def _acquire_any(self, until: float) -> Acquired:
        scarcity = self._scarcity
        try:
            async with asyncio.timeout_at(until):
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

    def _need_migrated(self) -> None:
        if self.awaits_migration:
            state = "not migrated yet" if self.is_up else "away"
            raise NotMigrated(f"PostgreSQL is {state}", retry_after_s=RETRY_AFTER_S)

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
                init=begun,
                reset=left_as_it_is,
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
