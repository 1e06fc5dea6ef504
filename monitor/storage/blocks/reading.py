"""Reading: what blocks are made of, one after the other, along one statement.

A statement for each would be planned for as long as it takes.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from monitor.storage.blocks import observed, texts
from monitor.storage.blocks.which import BLOCKS, Which


@dataclass(frozen=True, slots=True)
class Read:
    """What the block at *place* is to have."""

    place: int
    text: bytes
    traits: tuple[slice, ...]


def _selected(name: str, text: str) -> str:
    return ", ".join((*observed.selected(name), text))


OF_LOGS: Final = f"{_selected('l', texts.OF_LOGS)}, {texts.SETS} AS sets"
STATEMENT: Final = f"""
    SELECT blk.place, own.*, before.*, bodies.*, ({texts.OF_SETS})
      FROM {BLOCKS}
     CROSS JOIN LATERAL (SELECT {OF_LOGS}
                           FROM logs AS l
                          WHERE {{l}}) AS own
     CROSS JOIN LATERAL (SELECT {_selected("d", texts.OF_DETAILS)}
                           FROM log_details AS d
                          WHERE {{d}}) AS before
     CROSS JOIN LATERAL (SELECT {_selected("b", texts.OF_BODIES)}
                           FROM {{b}}) AS bodies
"""


async def read(connection: asyncpg.Connection, which: Which) -> AsyncIterator[Read]:
    """In a transaction. One at a time is held: bodies may be long."""
    rows = {name: which.rows.format(name) for name in "ld"}
    sql = which.of_time(STATEMENT).format(**rows, b=which.bodies)
    async for row in connection.cursor(sql, *which.arguments, prefetch=1):
        yield _read(row.values())


def _read(row: Iterator[Any]) -> Read:
    """In the order of what is selected."""
    values = iter(row)
    place: int = next(values)
    found = [*observed.traits_of("l", values)]
    text = [next(values)]
    next(values)
    found += observed.traits_of("d", values)
    text.append(next(values))
    found += observed.traits_of("b", values)
    text += values
    return Read(place, b"\n".join(part for part in text if part), tuple(found))
