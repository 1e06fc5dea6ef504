"""Bookkeeping: the parts of the ledger, put together."""

from collections.abc import Callable
from dataclasses import dataclass

from appliance.data.directory import DataDirectory
from appliance.data.files import Files
from monitor.ledger.prometheus import Figures, LedgerCollector
from monitor.registry.table import RoutingTable
from monitor.settings import Settings
from monitor.spool.tallies import Tallies
from monitor.storage.database.pool import Database
from monitor.storage.health.degradation import Health
from monitor.storage.ledger.books import Books
from monitor.storage.ledger.dead_letters import DeadLetters
from monitor.storage.ledger.totals import LedgerTotals
from monitor.storage.recorder.recorder import Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookkeeping:
    """Of the appliance that uses a data directory."""

    settings: Settings
    data: DataDirectory
    database: Database
    ledger: LedgerTotals
    tallies: Tallies
    dead_letters: DeadLetters
    books: Books

    @classmethod
    def of(
        cls,
        settings: Settings,
        data: DataDirectory,
        database: Database,
        files: Files,
    ) -> "Bookkeeping":
        ledger = LedgerTotals(files.via)
        return cls(
            settings=settings,
            data=data,
            database=database,
            ledger=ledger,
            tallies=files.tallies,
            dead_letters=files.dead_letters,
            books=Books(
                database,
                ledger=ledger,
                tallies=files.tallies,
                dead_letters=files.dead_letters,
                spool=data.spool,
            ),
        )

    def watched(self, recorder: Recorder, trouble: Callable[[], str]) -> Health:
        """*trouble*: what keeps the embedded PostgreSQL from running, if anything."""
        return Health(
            trouble=trouble,
            database=self.database,
            recorder=recorder,
            books=self.books,
            tallies=self.tallies,
            spool=self.data.spool,
            limit_bytes=self.settings.spool_limit_bytes,
        )

    def collector(
        self, standing: Health, routes: Callable[[], RoutingTable]
    ) -> LedgerCollector:
        def figures() -> Figures:
            stored, account = self.books.stored, standing.account
            return Figures(
                counts=self.tallies.counts(),
                stored=stored.counts if stored else {},
                dead_letters=account.total.dead_letter if account else 0,
                spool_bytes=standing.spool.held_bytes,
                spool_records=account.total.spooled if account else 0,
                spool_step=standing.spool.step,
                write_lag_s=standing.write_lag_s,
                is_closed=account.total.is_closed if account else None,
                slugs={service.id: service.slug for service in routes().services},
            )

        return LedgerCollector(figures)
