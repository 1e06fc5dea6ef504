"""Database that is used: the user's PostgreSQL, or the embedded one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from appliance.data.directory import DataDirectory, StartError
from appliance.exit_codes import ExitCode
from monitor.settings import Settings
from monitor.storage.database.migrate import migrate_database
from monitor.storage.database.pool import Database
from monitor.storage.server.programs import ServerError
from monitor.storage.server.server import Server

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@asynccontextmanager
async def postgres(
    settings: Settings, data: DataDirectory
) -> AsyncIterator[tuple[str, Server | None]]:
    """How to connect, and the embedded server where it is used, for the block."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value(), None
        return
    server = Server(data.postgres, bin_dir=settings.pg_bin)
    try:
        await asyncio.to_thread(server.start)
    except ServerError as error:
        raise StartError(str(error), exit_code=ExitCode.CANNOT_CREATE) from None
    try:
        yield server.dsn(), server
    finally:
        await asyncio.to_thread(server.stop)


async def migrate_now(settings: Settings) -> list[str]:
    """Apply pending migrations; the names of what was applied."""
    async with connected(settings, makes=True) as database:
        return await migrate_database(database, MIGRATIONS)


@asynccontextmanager
async def connected(
    settings: Settings, *, makes: bool = False
) -> AsyncIterator[Database]:
    """Beside a running appliance too: the embedded server is joined, not locked.

    The data directory is that server's; where it *makes* one, it need not be there.
    """
    async with connected_to(settings, makes=makes) as (_, database):
        yield database


@asynccontextmanager
async def connected_to(
    settings: Settings, *, makes: bool = False
) -> AsyncIterator[tuple[str, Database]]:
    """As *connected*, and how others connect to the same."""
    data = DataDirectory(settings.data_dir)
    if settings.database_url is None:
        if not makes:
            data.require()
        data.make()
    async with postgres(settings, data) as (dsn, _):
        database = await Database.open(dsn, size=settings.pool_size)
        try:
            yield dsn, database
        finally:
            await database.close()
