"""Reading: what blocks are made of, one after the other, along one statement.

A statement for each would be planned for as long as it takes.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import asyncpg

from monitor.storage.blocks import observed, texts
from monitor.storage.search.joins import OF_MANY, OF_THESE_IDS
from monitor.storage.search.where import OF_THESE_DAYS, OF_THESE_PACKS, OF_THIS_TIME
from monitor.traffic.ids import timestamp_of

# Of rows *blk*, which *blocks* makes: their places, and what they have.
BLOCKS: Final = """
    unnest($1::int[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[])
    AS blk (place, after, upto, since, until)
"""
# A row of a table {0} with a log's key. All of it is asked for as well: the planner
# leaves out days by that, but not by what a row beside says.
OF_BLOCK: Final = """
    {0}.id > blk.after AND {0}.id <= blk.upto
    AND {0}.ts >= blk.since AND {0}.ts <= blk.until
    AND {0}.id > $6 AND {0}.id <= $7 AND {0}.ts >= $8 AND {0}.ts <= $9
"""
# The same of a row AS u, which has an id only, and that a pack AS h may have such.
OF_IDS: Final = "u.id > blk.after AND u.id <= blk.upto"
OF_DAYS: Final = """
    h.ts > blk.since - interval '1 day' AND h.ts <= blk.until
    AND h.ts > $8::timestamptz - interval '1 day' AND h.ts <= $9
"""
OF_PACKS: Final = """
    h.last_id > blk.after AND h.first_id <= blk.upto
    AND h.last_id > $6 AND h.first_id <= $7
"""
SOME: Final = f"""
    {OF_BLOCK} AND {{0}}.id = ANY($10::uuid[]) AND {{0}}.ts = ANY($11::timestamptz[])
"""


@dataclass(frozen=True, slots=True)
class Block:
    """Logs behind *after*, up to and with *upto*; *place*: in its chunk."""

    place: int
    after: UUID
    upto: UUID


@dataclass(frozen=True, slots=True)
class Which:
    """*rows*: of a table {0} with a log's key, beside a row of BLOCKS; *ids*: of a row
    AS u with an id.
    """

    rows: str
    ids: str
    arguments: Sequence[object]

    @property
    def bodies(self) -> str:
        """Rows AS b."""
        return (
            self.of_time(OF_MANY)
            .replace(OF_THESE_DAYS, OF_DAYS)
            .replace(OF_THESE_PACKS, OF_PACKS)
            .replace(OF_THESE_IDS, self.ids)
        )

    def of_time(self, sql: str) -> str:
        return sql.replace(OF_THIS_TIME, self.rows.format("p"))


def blocks(after: UUID, bounds: Sequence[UUID]) -> list[Block]:
    """*bounds*: their last ids."""
    ends = pairwise([after, *bounds])
    return [Block(place, *each) for place, each in enumerate(ends)]


def all_of(read: Sequence[Block]) -> Which:
    """*read*: in their order."""
    return Which(OF_BLOCK, OF_IDS, _arguments(read))


def some_of(read: Sequence[Block], ids: Sequence[UUID]) -> Which:
    """Of *ids* only."""
    moments = list({timestamp_of(id) for id in ids})
    some = f"{OF_IDS} AND u.id = ANY($10::uuid[])"
    return Which(SOME, some, [*_arguments(read), list(ids), moments])


def _arguments(read: Sequence[Block]) -> list[object]:
    afters, uptos = [each.after for each in read], [each.upto for each in read]
    ends = (afters[0], uptos[-1])
    return [
        [each.place for each in read],
        afters,
        uptos,
        [timestamp_of(id) for id in afters],
        [timestamp_of(id) for id in uptos],
        *ends,
        *map(timestamp_of, ends),
    ]


@dataclass(frozen=True, slots=True)
class Read:
    """What the block at *place* is to have; *sets*: of headers, by their ids."""

    place: int
    text: bytes
    sets: frozenset[int]
    traits: tuple[slice, ...]


def _selected(name: str, text: str) -> str:
    return ", ".join((*observed.selected(name), text))


OF_LOGS: Final = f"{_selected('l', texts.OF_LOGS)}, {texts.SETS} AS sets"
STATEMENT: Final = f"""
    SELECT blk.place, own.*, before.*, bodies.*
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
    # Each begins a line, the first one, too.
    text = [b"\n", *(next(values) for _ in texts.COLUMNS)]
    sets = frozenset(next(values) or ()) - {None}
    found += observed.traits_of("d", values)
    text.append(next(values))
    found += observed.traits_of("b", values)
    text += values
    return Read(place, b"\n".join(part for part in text if part), sets, tuple(found))


async def header_sets(
    connection: asyncpg.Connection, ids: Sequence[int], own: Sequence[Block]
) -> dict[int, bytes]:
    """Those of logs of *own*."""
    rows = await connection.fetch(
        texts.OF_SETS, ids, timestamp_of(own[0].after), timestamp_of(own[-1].upto)
    )
    return {row[0]: row[1] for row in rows}
