"""Filling: made-up logs, some days at a time: who was ended goes on where they were."""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from appliance.fill.filling import fill
from appliance.fill.progress import Progress
from appliance.fill.writing import Wish
from monitor.settings import load

DAYS, SERVICES, SEED = 25, 8, 1
PARTS = 5
# What counts of rollups begins at such a time; so does each part.
STEP_S = 300
NOTED = "filling.json"
STORED = (("logs", "ts"), ("log_bodies", "ts"), ("rollup_changes", "start"))


@dataclass(frozen=True, slots=True)
class State:
    """How many parts were begun and done, of those that end *until*, in how long."""

    until: str
    begun: int = 0
    done: int = 0
    seconds: float = 0.0


def fill_on(folder: Path, dsn: str, logs: int) -> None:
    """All parts that are not done yet, the oldest first."""
    state = _state(folder)
    if state.done == PARTS:
        return
    if state.begun > state.done:
        print(f"part {state.begun} of {PARTS} was not done; it is made anew")
        since, until = _bounds(state, state.done)
        asyncio.run(_undo(dsn, since, until))
    for part in range(state.done, PARTS):
        state = _note(folder, replace(state, begun=part + 1))
        began = time.monotonic()
        _fill(dsn, logs // PARTS, _bounds(state, part)[1])
        taken = time.monotonic() - began
        state = _note(
            folder, replace(state, done=part + 1, seconds=state.seconds + taken)
        )
    rate = logs / state.seconds
    print(f"filled in {state.seconds:,.0f} s: {rate:,.0f} logs a second", flush=True)


def _fill(dsn: str, logs: int, until: datetime) -> None:
    settings = load({"APIMONITOR_DATABASE_URL": dsn})
    wish = Wish(logs=logs, days=DAYS // PARTS, services=SERVICES, seed=SEED)
    progress = Progress(logs, sys.stdout)
    try:
        asyncio.run(fill(settings, wish, progress.told, until=until))
    finally:
        progress.over()


def _bounds(state: State, part: int) -> tuple[datetime, datetime]:
    span = timedelta(days=DAYS // PARTS)
    end = datetime.fromisoformat(state.until) - span * (PARTS - 1 - part)
    return end - span, end


async def _undo(dsn: str, since: datetime, until: datetime) -> None:
    connection = await asyncpg.connect(
        dsn, server_settings={"search_path": "apimonitor"}
    )
    try:
        for table, column in STORED:
            if await connection.fetchval("SELECT to_regclass($1)", table):
                await connection.execute(
                    f"DELETE FROM {table} WHERE {column} >= $1 AND {column} < $2",
                    since,
                    until,
                )
    finally:
        await connection.close()


def _state(folder: Path) -> State:
    path = folder / NOTED
    if path.exists():
        return State(**json.loads(path.read_text()))
    now = int(time.time())
    return State(datetime.fromtimestamp(now - now % STEP_S, UTC).isoformat())


def _note(folder: Path, state: State) -> State:
    (folder / NOTED).write_text(json.dumps(asdict(state)))
    return state
