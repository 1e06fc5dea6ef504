"""Dead letters by `apimonitor deadletter`: listed, tried again, discarded."""

from collections.abc import Sequence
from uuid import UUID

from appliance.data.database import connected
from appliance.data.directory import DataDirectory
from monitor import times
from monitor.counters import Counters
from monitor.registry.routes_file import load
from monitor.settings import Settings
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.endpoints.naming import EndpointNames, limits_of
from monitor.storage.ledger.dead_letters import DeadLetters
from monitor.storage.ledger.totals import LedgerTotals
from monitor.storage.recorder.retry import Retrying, Tried


def listed(settings: Settings) -> list[str]:
    """A line for each: id, time, service, reason, size; PostgreSQL is not asked."""
    data = DataDirectory(settings.data_dir)
    data.require()
    names = _names(data)
    with data.usable():
        letters = DeadLetters(data.dead_letters).all()
    return [
        "\t".join(
            (
                str(letter.id),
                times.format(letter.at),
                names.get(letter.service_id, str(letter.service_id)),
                letter.reason,
                f"{len(letter.record)} bytes",
            )
        )
        for letter in letters
    ]


async def retry(settings: Settings, ids: Sequence[UUID]) -> list[Tried]:
    """Those, or all. Beside a running appliance too. Raises Unavailable."""
    DataDirectory(settings.data_dir).require()
    async with connected(settings) as database:
        return await _retrying(settings, database).retry(ids)


async def discard(settings: Settings, ids: Sequence[UUID]) -> list[Tried]:
    """Beside a running appliance too. Raises Unavailable."""
    DataDirectory(settings.data_dir).require()
    async with connected(settings) as database:
        return await _retrying(settings, database).discard(ids)


def _retrying(settings: Settings, database: Database) -> Retrying:
    data = DataDirectory(settings.data_dir)
    letters = DeadLetters(data.dead_letters)
    with data.usable():
        letters.mend()
        return Retrying(
            database,
            letters=letters,
            ledger=LedgerTotals(data.pseudonym()),
            partitions=Partitions(compression=settings.body_compression),
            names=EndpointNames(
                database, counters=Counters(), limits=limits_of(settings)
            ),
        )


def _names(data: DataDirectory) -> dict[UUID, str]:
    try:
        return {service.id: service.slug for service in load(data.routes).services}
    except (OSError, ValueError):
        return {}
