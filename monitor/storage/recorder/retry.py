"""Retries of records that PostgreSQL refused, or their giving up."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from monitor.ledger.account import STORED
from monitor.record.batch import days_of
from monitor.record.codec import decode
from monitor.spool.tally import DROPPED
from monitor.storage.commit.commit import (
    REFUSALS,
    in_transaction,
    publish,
    store_living,
)
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import NO_DEADLINE, Database
from monitor.storage.endpoints.naming import EndpointNames
from monitor.storage.ledger.dead_letters import DeadLetters, Letter
from monitor.storage.ledger.outcomes import SERVICE_DELETED
from monitor.storage.ledger.totals import LedgerTotals

DISCARDED = f"{DROPPED}discarded"
CONNECT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one letter: it is gone from the file, or why it is not."""

    letter: Letter
    is_gone: bool
    outcome: str


class Retrying:
    """Safe beside a running appliance: a letter goes once its record is committed.

    Killed between the two, the next one finds it stored already, by its id.
    """

    def __init__(
        self,
        database: Database,
        *,
        letters: DeadLetters,
        ledger: LedgerTotals,
        partitions: Partitions,
        names: EndpointNames,
    ) -> None:
        self._database = database
        self._letters = letters
        self._ledger = ledger
        self._partitions = partitions
        self._names = names

    async def retry(self, ids: Sequence[UUID]) -> list[Tried]:
        """Those letters, or all where none is named. Raises Unavailable."""
        tried = []
        with self._letters.alone():
            for letter in self._chosen(ids):
                outcome, is_gone = await self._try(letter)
                if is_gone:
                    self._letters.remove([letter.id])
                tried.append(Tried(letter, is_gone, outcome))
        return tried

    async def discard(self, ids: Sequence[UUID]) -> list[Tried]:
        """Give those letters up; they are counted as dropped. Raises Unavailable."""
        tried = []
        with self._letters.alone():
            for letter in self._chosen(ids):
                async with self._database.connection(
                    timeout_s=CONNECT_TIMEOUT_S, held_s=NO_DEADLINE
                ) as connection:
                    counts = {(letter.service_id, DISCARDED): 1}
                    await self._ledger.add(connection, counts)
                self._letters.remove([letter.id])
                tried.append(Tried(letter, True, "discarded"))
        return tried

    def _chosen(self, ids: Sequence[UUID]) -> list[Letter]:
        return [letter for letter in self._letters.all() if not ids or letter.id in ids]

    async def _try(self, letter: Letter) -> tuple[str, bool]:
        """What became of it, and whether there is nothing left to try."""
        try:
            is_stored = await self._store(letter)
        except asyncpg.UniqueViolationError:
            return "stored already", True
        except REFUSALS as error:
            return f"refused: {type(error).__name__}", False
        return ("stored" if is_stored else "its service is deleted"), True

    async def _store(self, letter: Letter) -> bool:
        exchange = decode(letter.record)

        async with self._database.connection(
            timeout_s=CONNECT_TIMEOUT_S, held_s=NO_DEADLINE
        ) as connection:

            async def steps() -> bool:
                stored = await store_living(
                    connection, self._partitions.sets, [exchange], self._names
                )
                outcome = STORED if stored else SERVICE_DELETED
                await self._ledger.add(connection, {(letter.service_id, outcome): 1})
                await publish(connection, stored)
                return bool(stored)

            return await in_transaction(
                connection, self._partitions, days_of([exchange]), steps
            )
