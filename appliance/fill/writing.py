"""Writing: one process' share of the logs, batch by batch, as all logs are stored."""

import asyncio
import signal
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from multiprocessing.connection import Connection
from random import Random
from typing import Final
from uuid import UUID

from appliance.fill.making import Maker
from appliance.fill.plan import batches
from appliance.fill.shop import sketches
from appliance.fill.templates import Moment, Template
from monitor.errors import MonitorError
from monitor.storage.commit.finished import commit_finished
from monitor.storage.database.compression import Compression
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import (
    FAILED,
    NO_DEADLINE,
    Database,
    reason_of,
)

VARIANTS: Final = 4


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be made; *seed*: the same one makes the same kinds of logs."""

    logs: int
    days: int
    services: int
    seed: int


@dataclass(frozen=True, slots=True)
class Share:
    """What the process *number*, of *count*, stores of *wish*, which ends *until*."""

    dsn: str
    wish: Wish
    services: dict[str, UUID]
    until: datetime
    compression: Compression
    number: int
    count: int


def write(share: Share, said: Connection) -> None:
    """Each batch that is stored is said, by how many it has; and what ends it early."""
    # Who interrupts the command interrupts all of it, and reads no stacks.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        asyncio.run(_write(share, said))
    except (MonitorError, *FAILED) as error:
        said.send(reason_of(error))


async def _write(share: Share, said: Connection) -> None:
    wish = share.wish
    partitions = Partitions(compression=share.compression)
    kinds = Random(wish.seed)
    maker = Maker(
        [
            Template(sketch, id)
            for name, id in share.services.items()
            for sketch in sketches(name, kinds, variants=VARIANTS)
        ]
    )
    plan = batches(wish.logs, wish.days, share.until)
    # The last one waits until PostgreSQL has it on its disk, and with it all others.
    left: list[Moment] | None = None
    database = await Database.open(share.dsn, size=1)
    try:
        for batch in chain(islice(plan, share.number, None, share.count), [None]):
            if left is not None:
                made = maker.batch(left)
                async with database.connection(held_s=NO_DEADLINE) as connection:
                    stored = await commit_finished(
                        connection, partitions, made, is_awaited=batch is None
                    )
                said.send(stored)
            left = batch
    finally:
        await database.close()
