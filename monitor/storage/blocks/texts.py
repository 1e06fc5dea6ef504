"""Texts of logs that blocks are made of: all that a search may look for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

from monitor.search.tree import Side
from monitor.storage.search import anywhere
from monitor.storage.search.places import URLS
from monitor.traffic.ids import timestamp_of

LINE: Final = r"'\x0a'::bytea"
FIELDS: Final = ", ".join(f"l.{side}_fields" for side in Side)
SETS: Final = " UNION ".join(
    f"SELECT l.{side}_set FROM logs AS l WHERE {{0}}" for side in Side
)
OF_LOG: Final = (
    f"convert_to(concat_ws(chr(10), l.path, l.error, l.note, {anywhere.TAGS},"
    f" {', '.join(URLS)}, {FIELDS}), 'UTF8')"
)
# Of days from before headers were sets.
OF_DETAILS: Final = (
    f"coalesce(d.request_headers, '') || {LINE} || coalesce(d.response_headers, '')"
)
# As it passed, where that is text.
OF_BODY: Final = """
    coalesce(CASE WHEN b.{0}_is_text THEN b.{0}_body
                  ELSE convert_to(b.{0}_text, 'UTF8') END, '')
"""
BODIES: Final = f" || {LINE} || ".join(OF_BODY.format(side) for side in Side)
SOURCES: Final = (
    ("logs AS l", "l", OF_LOG),
    ("log_details AS d", "d", OF_DETAILS),
    ("log_bodies AS b", "b", BODIES),
)
FORMS: Final = """
    SELECT convert_to(string_agg(h.form, chr(10)), 'UTF8')
      FROM header_sets AS h
     WHERE h.id = ANY(ARRAY({0}))
       AND {1}
"""


@dataclass(frozen=True, slots=True)
class Which:
    """*rows*: of a table {0} with a log's key; *forms*: of the days of these."""

    rows: str
    forms: str


OF_RANGE: Final = Which(
    "{0}.id > $1 AND {0}.id <= $2 AND {0}.ts >= $3 AND {0}.ts <= $4",
    "h.ts > $3 - interval '1 day' AND h.ts <= $4",
)
OF_SOME: Final = Which(
    "{0}.id = ANY($1::uuid[]) AND {0}.ts = ANY($2::timestamptz[])",
    """h.ts = ANY(ARRAY(SELECT date_bin('1 day', own.ts, '2000-01-01 00:00+00')
                          FROM unnest($2::timestamptz[]) AS own (ts)))""",
)


async def of_range(connection: asyncpg.Connection, after: UUID, upto: UUID) -> bytes:
    """Of the logs behind *after*, up to and with *upto*."""
    ends = (after, upto, timestamp_of(after), timestamp_of(upto))
    return await _read(connection, OF_RANGE, ends)


async def of_some(connection: asyncpg.Connection, ids: Sequence[UUID]) -> bytes:
    moments = list({timestamp_of(id) for id in ids})
    return await _read(connection, OF_SOME, (list(ids), moments))


async def _read(
    connection: asyncpg.Connection, which: Which, arguments: Sequence[object]
) -> bytes:
    """One after the other, and not joined: which log has what does not matter."""
    parts = [
        f"(SELECT string_agg({text}, {LINE})"
        f" FROM {table} WHERE {which.rows.format(name)})"
        for table, name, text in SOURCES
    ]
    sets = SETS.format(which.rows.format("l"))
    parts.append(f"({FORMS.format(sets, which.forms)})")
    row = await connection.fetchrow(f"SELECT {', '.join(parts)}", *arguments)
    return b"\n".join(part for part in row or () if part is not None)
