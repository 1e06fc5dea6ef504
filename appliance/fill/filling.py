"""Filling: made-up logs into PostgreSQL, to see how much data feels."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Final, cast
from uuid import UUID

from appliance.data.database import MIGRATIONS, connected_to
from appliance.data.directory import StartError
from appliance.exit_codes import ExitCode
from appliance.fill.shop import service_names
from appliance.fill.writing import Share, Wish, write
from monitor.registry.resources import ServiceResource
from monitor.settings import Settings
from monitor.storage.database.migrate import migrate_database
from monitor.storage.database.pool import Database
from monitor.storage.registry.services import Services

PREFIX: Final = "fill "
# Nobody answers there (RFC 6761 6.4).
BASE_URL: Final = "http://fill.invalid"
READ_AT_ONCE: Final = 500


async def fill(
    settings: Settings,
    wish: Wish,
    told: Callable[[int], None],
    *,
    until: datetime | None = None,
) -> None:
    """Store *wish*, which ends *until*, or now; *told* hears each time how many are
    stored.

    Beside a running appliance too. Raises StartError.
    """
    if wish.days > settings.retention_days:
        raise StartError(
            f"--days {wish.days} is more than RETENTION_DAYS, which is "
            f"{settings.retention_days}: the oldest logs would be removed",
            exit_code=ExitCode.USAGE,
        )
    async with connected_to(settings, makes=True) as (dsn, database):
        await migrate_database(database, MIGRATIONS)
        services = await _services(database, service_names(wish.services))
        share = partial(
            Share,
            dsn,
            wish,
            services,
            until or datetime.now(UTC),
            settings.body_compression,
        )
        with _processes(share) as ends:
            stored = await asyncio.to_thread(_all_said, ends, told)
    if stored < wish.logs:
        raise StartError(
            f"only {stored:,} of {wish.logs:,} logs were stored",
            exit_code=ExitCode.UNAVAILABLE,
        )


async def _services(database: Database, names: list[str]) -> dict[str, UUID]:
    """Those that an earlier run registered are used again."""
    services = Services(database, publish=_nobody)
    known = {each.name: each.id async for each in _all(services)}
    for name in names:
        own = PREFIX + name
        if own not in known:
            made = await services.create({"name": own, "base_url": BASE_URL})
            known[own] = made.id
    return {name: known[PREFIX + name] for name in names}


async def _all(services: Services) -> AsyncIterator[ServiceResource]:
    offset, total = 0, 1
    while offset < total:
        page, total = await services.page(limit=READ_AT_ONCE, offset=offset)
        for each in page:
            yield each
        offset += max(len(page), 1)


async def _nobody() -> None:
    """A running appliance hears of new services from PostgreSQL."""


@contextmanager
def _processes(share_of: Callable[[int, int], Share]) -> Iterator[list[Connection]]:
    """One a core, for the block; by what each says how many it has stored."""
    spawning = get_context("spawn")
    count = os.cpu_count() or 1
    ends, processes = list[Connection](), list[SpawnProcess]()
    try:
        for number in range(count):
            end, their_end = spawning.Pipe(duplex=False)
            ends.append(end)
            arguments = share_of(number, count), their_end
            processes.append(spawning.Process(target=write, args=arguments))
            processes[-1].start()
            their_end.close()
        yield ends
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _all_said(ends: list[Connection], told: Callable[[int], None]) -> int:
    """Until each process is over. Raises StartError with what one of them met."""
    stored, open_ends = 0, list(ends)
    while open_ends:
        for end in cast(list[Connection], wait(open_ends)):
            said = _said(end)
            if said is None:
                open_ends.remove(end)
            elif isinstance(said, str):
                raise StartError(
                    f"PostgreSQL refuses: {said}", exit_code=ExitCode.UNAVAILABLE
                )
            else:
                stored += said
        told(stored)
    return stored


def _said(end: Connection) -> int | str | None:
    """How many more are stored, or why no more will be; None once it is over."""
    try:
        said: int | str = end.recv()
    except EOFError:
        end.close()
        return None
    return said
