"""Backup and its restoring, by the commands of these names."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from appliance.data.database import MIGRATIONS, postgres
from appliance.data.directory import DataDirectory, StartError
from appliance.exit_codes import ExitCode
from monitor.settings import Settings
from monitor.storage.server.archive import (
    Archive,
    ArchiveError,
    InUse,
    NoArchive,
    NotEmpty,
)
from monitor.storage.server.programs import own_environment


def back_up(settings: Settings, file: Path) -> int:
    """Write all to *file*, which is not there yet; its size."""
    if file.exists():
        raise StartError(f"{file} is there already", exit_code=ExitCode.CANNOT_CREATE)
    try:
        asyncio.run(_write(settings, file.absolute()))
        return file.stat().st_size
    except OSError as error:
        raise StartError(
            f"{file} cannot be written: {error.strerror}",
            exit_code=ExitCode.CANNOT_CREATE,
        ) from None


def stream(settings: Settings, to: int) -> None:
    """Write all to the file descriptor *to*, as it comes."""

    async def write() -> None:
        async with _archive(settings, alone=False) as archive:
            await archive.stream(to)

    asyncio.run(write())


def restore(settings: Settings, file: Path, *, replace: bool) -> None:
    """Put in what *file* holds, while no appliance runs."""
    if not os.access(file, os.R_OK) or not file.is_file():
        raise StartError(f"{file} cannot be read", exit_code=ExitCode.NO_INPUT)
    asyncio.run(_read(settings, file.absolute(), replace=replace))


async def _write(settings: Settings, file: Path) -> None:
    async with _archive(settings, alone=False) as archive:
        await archive.write(file)


async def _read(settings: Settings, file: Path, *, replace: bool) -> None:
    async with _archive(settings, alone=True) as archive:
        await archive.read(file, MIGRATIONS, replace=replace)


@asynccontextmanager
async def _archive(settings: Settings, *, alone: bool) -> AsyncIterator[Archive]:
    data = DataDirectory(settings.data_dir)
    with ExitStack() as closing:
        if alone:
            data.make()
            closing.callback(data.release)
            data.take()
        elif settings.database_url is None:
            data.require()
        try:
            async with postgres(settings, data) as (dsn, server):
                # PGHOST and such are of a server of the user's own.
                environment = os.environ if server is None else own_environment()
                bin_dir = settings.pg_bin
                yield Archive(dsn, bin_dir=bin_dir, environment=environment)
        except ArchiveError as error:
            raise _refusal(error) from None


def _refusal(error: ArchiveError) -> StartError:
    match error:
        case NoArchive():
            return StartError(str(error), exit_code=ExitCode.DATA_ERROR)
        case InUse():
            return StartError(str(error), exit_code=ExitCode.TRY_AGAIN)
        case NotEmpty():
            detail = f"{error}: --replace puts the backup in their place"
            return StartError(detail, exit_code=ExitCode.CANNOT_CREATE)
        case _:
            return StartError(str(error), exit_code=ExitCode.UNAVAILABLE)
