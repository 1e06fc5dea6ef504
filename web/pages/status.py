"""The page that says how the appliance stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from uuid import UUID

from aiohttp import web

from monitor import build
from monitor.costs.measures import Cost
from monitor.costs.stored_day import StoredDay, summed
from monitor.errors import Unavailable
from monitor.ledger.account import WANTED, Account, Line
from monitor.loop.watch import Longest
from monitor.settings import describe
from monitor.storage.database.facts import Facts, facts
from monitor.storage.health.degradation import SpoolState
from web import render
from web.parts import PageParts
from web.views.costs import ends, over
from web.views.formats import length

# A page may wait that long for PostgreSQL, where it is not known to be away.
ASK_S = 1.0
STEPS = (
    "all is kept",
    "bodies of successful exchanges are shed",
    "all bodies are shed",
    "records are dropped",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the ledger as it is shown. *name* is None where the service is gone."""

    name: str | None
    line: Line
    dropped: tuple[tuple[str, int, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    name: str
    value: str
    default: str
    meaning: str

    @property
    def is_changed(self) -> bool:
        return self.value != self.default


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLine:
    """What one day's logs take of a service, or *is_whole*: of all. *name* is None
    where the service is gone."""

    name: str | None
    is_whole: bool
    stored: StoredDay


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    account: Account
    total: Row
    rows: list[Row]
    spool: SpoolState
    step: str
    left: str
    lag_s: float
    cost: Cost
    cost_ends: str
    measured_over: str
    stored_days: list[StoredLine]
    facts: Facts | None
    is_embedded: bool
    workers: list[int]
    recent_turn: Longest
    longest_turn: Longest
    build: str
    settings: list[Setting]


class StatusPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        view = await self._view()
        return await render.page(
            request, "status.html", {"view": view, "now": datetime.now(UTC)}
        )

    async def _view(self) -> View:
        parts, standing = self._parts, self._parts.standing
        account = await standing.look_closely(timeout_s=ASK_S)
        cost = parts.cost()
        names = {service.id: service.name for service in parts.routes().services}
        rows = [_row(names.get(id), line) for id, line in account.lines.items()]
        return View(
            account=account,
            total=_row("all", account.total),
            rows=sorted(rows, key=lambda row: (row.name is None, row.name or "")),
            spool=standing.spool,
            step=STEPS[standing.spool.step],
            left=length(standing.spool.left_s),
            lag_s=standing.write_lag_s,
            cost=cost,
            cost_ends=ends(cost),
            measured_over=over(cost),
            stored_days=_stored(cost.sizes.days if cost.sizes else (), names),
            facts=None if account.is_away else await self._facts(),
            is_embedded=parts.settings.database_url is None,
            workers=parts.workers(),
            recent_turn=parts.watch.recent,
            longest_turn=parts.watch.ever,
            build=f"{build.version_name()}, {build.how_it_runs()}",
            settings=_changed_first(
                Setting(name=name, value=value, default=default, meaning=meaning)
                for name, value, default, meaning in describe(parts.settings)
            ),
        )

    async def _facts(self) -> Facts | None:
        try:
            return await facts(self._parts.database, timeout_s=ASK_S)
        except Unavailable:
            return None


def _stored(days: Sequence[StoredDay], names: Mapping[UUID, str]) -> list[StoredLine]:
    """A line a day, the newest first, then one of each of its services."""
    lines: list[StoredLine] = []
    for _, each in groupby(days, lambda stored: stored.day):
        of_day = list(each)
        whole = StoredLine(name=None, is_whole=True, stored=summed(of_day))
        of_services = [
            StoredLine(name=names.get(one.service_id), is_whole=False, stored=one)
            for one in of_day
        ]
        lines += [whole, *of_services]
    return lines


def _changed_first(settings: Iterable[Setting]) -> list[Setting]:
    return sorted(settings, key=lambda setting: not setting.is_changed)


def _row(name: str | None, line: Line) -> Row:
    """Reasons with their count, and whether it was wanted."""
    dropped = sorted(line.dropped.items(), key=lambda reason: -reason[1])
    return Row(
        name=name,
        line=line,
        dropped=tuple((reason, n, reason in WANTED) for reason, n in dropped),
    )
