"""Stored logs are named as they would be now; rollups say so at any moment."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.counters import Counters
from monitor.errors import Conflict, NotFound
from monitor.logs.endpoints import TemplateChange
from monitor.storage.database.pool import Database
from monitor.storage.endpoints.changes import TemplateChanges
from monitor.storage.endpoints.naming import key_of
from monitor.storage.endpoints.renaming import Renaming
from monitor.storage.registry.services import Services
from monitor.storage.rollups.upkeep import Limits, RollupUpkeep
from tests.support.endpoint_names import (
    LIMITS,
    Process,
    counted_otherwise,
    stored,
)

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
PATHS = [
    *("/files/report", "/files/a-1/parts", "/users/42", "/users/me", "/a", "/a/b"),
    *("/static/js/app.js", "/static/", "/x/{id}", "/\u00fc%2F/..", "/files/", ""),
]
TEMPLATES = [
    *("/files/{name}", "/files/report", "/files/{name}/{part}", "/static/*", "/*"),
    *("/users/42", "/users/{who}", "/{a}/{b}", "/{id}"),
]


async def named_anew(process: Process) -> None:
    """All that is planned is done, what is looked at once more too."""
    renaming = Renaming(process.database, names=process.names, counters=Counters())
    async with process.database.connection() as connection:
        while True:
            await connection.execute("UPDATE endpoint_renames SET due = now()")
            if not await renaming.step():
                return
            assert await counted_otherwise(process.database) == []


async def fold(process: Process) -> None:
    upkeep = RollupUpkeep(
        process.database, counters=process.counters, limits=Limits(0, 2)
    )
    while await upkeep.step():
        pass


async def no_proxy_is_there() -> None:
    """To be told."""


class Bench:
    """A service, what is set of it by hand, and a process that stores its logs."""

    def __init__(self, database: Database, service_id: UUID) -> None:
        self.process = Process(database)
        self.made: list[TemplateChange] = []
        self._service_id = service_id
        self._changes = TemplateChanges(database, most=5)

    async def take(self, step: str | tuple[str, ...]) -> None:
        match step:
            case tuple():
                await self.process.store(self._service_id, step)
            case "undo":
                if self.made:
                    await self._changes.undo(self._service_id, self.made.pop().id)
            case "rename":
                await named_anew(self.process)
            case "fold":
                await fold(self.process)
            case "restart":
                self.process = Process(self.process.database)
            case _:
                await self._set(step)

    async def _set(self, template: str) -> None:
        with suppress(Conflict):
            change = await self._changes.set(self._service_id, [template])
            assert change
            self.made.append(change)


async def test_words_that_turn_out_to_be_values_are_named_so_where_they_are_stored(
    database: Database, service_id: UUID
) -> None:
    process = Process(database)
    for n in range(LIMITS.words):
        at = NOW - n * 30 * HOUR
        await process.store(service_id, [f"/p/w{n}z", "/p/me"], at=at)
    await process.store(service_id, ["/p/me"] * 20)
    await fold(process)
    renaming = Renaming(database, names=process.names, counters=process.counters)
    assert not await renaming.step()
    await process.store(service_id, ["/p/last"])
    # Broken off in between, it is done by another one.
    for _ in range(2):
        assert await renaming.step()
    task = asyncio.create_task(renaming.step())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert await counted_otherwise(database) == []
    other = Process(database)
    await named_anew(other)
    names = await stored(database)
    assert names.pop("/p/me") == {"/p/me"}
    assert set().union(*names.values()) == {"/p/{slug}"}
    await process.names.tell()
    async with database.connection() as connection:
        seen = {
            row["endpoint"]: row["first_seen"]
            for row in await connection.fetch("SELECT * FROM endpoint_seen")
        }
    assert set(seen) >= {"/p/me", "/p/{slug}"}
    assert NOW - seen["/p/{slug}"] > (LIMITS.words - 1) * 30 * HOUR - HOUR


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    doing=st.lists(
        st.one_of(
            st.lists(st.sampled_from(PATHS), min_size=1, max_size=4).map(tuple),
            st.sampled_from(TEMPLATES),
            st.sampled_from(["undo", "rename", "fold", "restart"]),
        ),
        max_size=12,
    )
)
async def test_what_is_set_and_undone_leaves_what_was(
    database: Database, doing: list[str | tuple[str, ...]]
) -> None:
    services = Services(database, publish=no_proxy_is_there)
    service_id = (await services.create({"name": "files"})).id
    bench = Bench(database, service_id)
    await bench.process.store(service_id, PATHS)
    before = await stored(database)
    for step in doing:
        await bench.take(step)
        assert await counted_otherwise(database) == []
    await named_anew(bench.process)
    now = await stored(database)
    await bench.process.store(service_id, PATHS)
    # What is stored now has the very names that what was stored has.
    assert await stored(database) == now
    while bench.made:
        await bench.take("undo")
    await named_anew(bench.process)
    assert await stored(database) == before
    await services.delete(service_id)
    async with database.connection() as connection:
        await connection.execute(
            "TRUNCATE logs, rollup_changes, endpoint_rollups, service_rollups"
        )


async def test_logs_from_before_anything_was_learned_are_taken_over(
    database: Database, service_id: UUID
) -> None:
    process = Process(database, learns=False)
    old = [f"/p/w{n}z" for n in range(20)] + ["/p/me"] * 20 + ["/q/1", "/q/2"]
    await process.store(service_id, old, at=NOW - 3 * HOUR)
    await fold(process)
    late = Process(database)
    await late.names.take_over()
    await named_anew(late)
    names = await stored(database)
    assert names.pop("/p/me") == {"/p/me"}
    assert set().union(*names.values()) == {"/p/{slug}", "/q/{id}"}
    async with database.connection() as connection:
        seen = await connection.fetch("SELECT * FROM endpoint_seen ORDER BY endpoint")
    assert [row["endpoint"] for row in seen] == ["/p/me", "/p/{slug}", "/q/{id}"]
    for row in seen:
        assert abs(row["first_seen"] - (NOW - 3 * HOUR)) < HOUR
        assert row["key"] == key_of("GET", row["endpoint"])


async def test_changes_are_bounded_and_kept(
    database: Database, service_id: UUID
) -> None:
    changes = TemplateChanges(database, most=2)
    first = await changes.set(service_id, ["/a/{x}", "/b/*"])
    assert first
    with pytest.raises(Conflict, match="ENDPOINT_TEMPLATES_LIMIT"):
        await changes.set(service_id, ["/c"])
    with pytest.raises(NotFound):
        await changes.undo(UUID(int=7), first.id)
    await changes.undo(service_id, first.id)
    with pytest.raises(Conflict):
        await changes.undo(service_id, first.id)
    again = await changes.set(service_id, ["/a/{x}"])
    assert again
    with pytest.raises(Conflict, match="set already"):
        await changes.set(service_id, ["/a/{x}"])
    assert await changes.set(UUID(int=7), ["/a"]) is None
    found = await changes.history(service_id, limit=5, offset=0)
    assert found is not None
    items, total, is_renaming = found
    assert [(one.id, one.undone_at is None) for one in items] == [
        (again.id, True),
        (first.id, False),
    ]
    assert (total, is_renaming) == (2, True)
