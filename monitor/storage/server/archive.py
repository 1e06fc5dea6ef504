"""Archives: all that PostgreSQL holds of ours, written to a file and read back."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from monitor.storage.database.migrate import LOCK, MigrationError, migrate
from monitor.storage.database.pool import AWAY
from monitor.storage.database.session import NAME, SERVER_SETTINGS
from monitor.storage.server.programs import WHEEL

# What a restore put aside: dropped once that is whole, else put back.
ASIDE = "apimonitor_replaced"
# Where it is read back, there may be no lz4.
DUMP = ("pg_dump", "-Fc", "-n", "apimonitor", "--no-toast-compression")
CAUSE = re.compile(r"(?:FATAL|ERROR|error|fatal):\s+(.+)")
# Which `pg_restore --list` shows of every archive of ours.
OURS = re.compile(r"^\d+; .* TABLE apimonitor schema_migrations ", re.MULTILINE)


class ArchiveError(Exception):
    """Why there is no archive, or none was read: one line for the user."""


class NoArchive(ArchiveError):
    """The file is none that we wrote."""


class InUse(ArchiveError):
    """An appliance is connected to the database."""


class NotEmpty(ArchiveError):
    """The database holds what a restore would have to replace."""


class Archive:
    """pg_dump and pg_restore of the schema apimonitor, in one database.

    *environment* is theirs; the password goes there, not where `ps` shows it.
    """

    def __init__(
        self, dsn: str, *, bin_dir: Path | None, environment: Mapping[str, str]
    ) -> None:
        parts = urlsplit(dsn)
        password, query = _apart(parts.password, parts.query)
        user, _, place = parts.netloc.rpartition("@")
        bare = f"{user.partition(':')[0]}@{place}" if user else place
        self._dsn = dsn
        self._url = urlunsplit(parts._replace(netloc=bare, query=query))
        self._bin_dir = bin_dir
        self._environment = dict(environment)
        if password is not None:
            self._environment["PGPASSWORD"] = unquote(password)

    async def write(self, file: Path) -> None:
        """One snapshot, also beside running appliances; the file is whole or absent."""
        part = file.with_name(f"{file.name}.part")
        try:
            # What lies there is not written through: it may be of others to read.
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            await self._run(*DUMP, "-f", str(part))
            _sync(part)
            part.rename(file)
        finally:
            part.unlink(missing_ok=True)

    async def stream(self, to: int) -> None:
        """The same snapshot to a file descriptor, as it comes; cut where it fails."""
        await self._run(*DUMP, to=to)

    async def read(self, file: Path, migrations: Path, *, replace: bool) -> None:
        """Put in what *file* holds, and apply the migrations that it lacks.

        All or nothing: after a failure what was there is there again. With *replace*
        what is there goes.
        """
        await self._check(file)
        async with self._alone() as connection:
            await _recover(connection)
            if not replace and await _holds_logs(connection):
                raise NotEmpty("the database holds services or logs")
            await _rename(connection, "apimonitor", ASIDE)
            try:
                await self._run(
                    "pg_restore", "--single-transaction", "--exit-on-error", str(file)
                )
                await migrate(connection, migrations)
            except MigrationError as error:
                await _put_back(connection)
                raise ArchiveError(str(error)) from None
            except BaseException:
                await _put_back(connection)
                raise
            await connection.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")

    async def _check(self, file: Path) -> None:
        """Raises NoArchive."""
        try:
            listed = await self._execute("pg_restore", "--list", str(file))
        except ArchiveError as error:
            raise NoArchive(f"{file} is no backup: {error}") from None
        if not OURS.search(listed):
            raise NoArchive(f"{file} is a backup of something else")

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection, while no appliance has one; one that starts waits.

        Raises InUse, ArchiveError.
        """
        try:
            connection = await asyncpg.connect(
                self._dsn, timeout=10, server_settings=SERVER_SETTINGS
            )
        except (*AWAY, asyncpg.PostgresError) as error:
            raise ArchiveError(f"PostgreSQL is away: {error}") from None
        try:
            is_first = await connection.fetchval(
                "SELECT pg_try_advisory_lock($1)", LOCK
            )
            if not is_first or await _others(connection):
                raise InUse("an appliance uses the database: stop it first")
            yield connection
        finally:
            await connection.close()

    async def _run(
        self, program: str, *arguments: str, to: int = asyncio.subprocess.PIPE
    ) -> None:
        kept = ("--no-owner", "--no-privileges", "--no-password", "-d", self._url)
        await self._execute(program, *kept, *arguments, to=to)

    async def _execute(
        self, program: str, *arguments: str, to: int = asyncio.subprocess.PIPE
    ) -> str:
        """What it printed, unless *to* another place.

        Raises ArchiveError with the cause where it failed.
        """
        process = await asyncio.create_subprocess_exec(
            self._find(program),
            *arguments,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=to,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            printed, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            text = said.decode(errors="replace")
            found = CAUSE.search(text)
            raise ArchiveError(found[1] if found else " ".join(text.split())[:500])
        return (printed or b"").decode(errors="replace")

    def _find(self, program: str) -> str:
        for folder in filter(None, (self._bin_dir, WHEEL)):
            if (folder / program).exists():
                return str(folder / program)
        found = shutil.which(program)
        if found is None:
            raise ArchiveError(f"there is no {program}: set PG_BIN")
        return found


def _apart(password: str | None, query: str) -> tuple[str | None, str]:
    """The password, which may stand among the parameters too, and the other ones."""
    parameters = [pair.partition("=") for pair in query.split("&")]
    found = [value for name, _, value in parameters if unquote(name) == "password"]
    others = ["".join(pair) for pair in parameters if unquote(pair[0]) != "password"]
    if password is None and found:
        password = found[0]
    return password, "&".join(others)


async def _others(connection: asyncpg.Connection) -> bool:
    found: int = await connection.fetchval(
        """
        SELECT count(*)
          FROM pg_stat_activity
         WHERE datname = current_database()
           AND starts_with(application_name, $1)
           AND pid <> pg_backend_pid()
        """,
        NAME,
    )
    return found > 0


async def _recover(connection: asyncpg.Connection) -> None:
    """A restore that was cut off left one of the two whole."""
    if await _exists(connection, "apimonitor"):
        await connection.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")
    else:
        await _rename(connection, ASIDE, "apimonitor")


async def _put_back(connection: asyncpg.Connection) -> None:
    if not connection.is_closed():
        await connection.execute("DROP SCHEMA IF EXISTS apimonitor CASCADE")
        await _rename(connection, ASIDE, "apimonitor")


async def _rename(connection: asyncpg.Connection, old: str, new: str) -> None:
    if await _exists(connection, old):
        await connection.execute(f"ALTER SCHEMA {old} RENAME TO {new}")


async def _exists(connection: asyncpg.Connection, schema: str) -> bool:
    found = await connection.fetchval("SELECT to_regnamespace($1)", schema)
    return found is not None


async def _holds_logs(connection: asyncpg.Connection) -> bool:
    for table in ("services", "logs"):
        there = await connection.fetchval(
            "SELECT to_regclass($1)", f"apimonitor.{table}"
        )
        if there and await connection.fetchval(
            f"SELECT EXISTS (SELECT 1 FROM apimonitor.{table})"
        ):
            return True
    return False


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
