"""Texts of logs that blocks are made of: all that a search may look for."""

from typing import Final

import asyncpg

from monitor.search.tree import Side
from monitor.storage.blocks.which import Which
from monitor.storage.search import anywhere
from monitor.storage.search.joins import IS_FIRST, whole
from monitor.storage.search.places import URLS
from monitor.storage.search.where import OF_THIS_TIME

LINE: Final = r"'\x0a'::bytea"
FIELDS: Final = ", ".join(f"l.{side}_fields" for side in Side)
SETS: Final = " UNION ".join(
    f"SELECT l.{side}_set FROM logs AS l WHERE {{0}}" for side in Side
)
OF_LOG: Final = (
    f"convert_to(concat_ws(chr(10), l.path, l.error, l.note, l.source_ip,"
    f" {anywhere.TAGS}, {', '.join(URLS)}, {FIELDS}), 'UTF8')"
)
# Of days from before headers were sets.
OF_DETAILS: Final = (
    f"coalesce(d.request_headers, '') || {LINE} || coalesce(d.response_headers, '')"
)
# As it passed, where that is text.
BODIES: Final = f" || {LINE} || ".join(
    f"""
    coalesce(CASE WHEN b.{side}_is_text THEN {whole(f"{side}_body")}
                  ELSE convert_to({whole(f"{side}_text")}, 'UTF8') END, '')
    """
    for side in Side
)
SOURCES: Final = (
    ("logs AS l", "l", OF_LOG, "true"),
    ("log_details AS d", "d", OF_DETAILS, "true"),
    ("log_bodies AS b", "b", BODIES, IS_FIRST),
)
FORMS: Final = """
    SELECT convert_to(string_agg(h.form, chr(10)), 'UTF8')
      FROM header_sets AS h
     WHERE h.id = ANY(ARRAY({0}))
       AND {1}
"""


async def read(connection: asyncpg.Connection, which: Which) -> bytes:
    """One after the other, and not joined: which log has what does not matter."""
    of_time = which.rows.format("p")
    parts = [
        f"(SELECT string_agg({text.replace(OF_THIS_TIME, of_time)}, {LINE})"
        f" FROM {table} WHERE {which.rows.format(name)} AND {is_one})"
        for table, name, text, is_one in SOURCES
    ]
    sets = SETS.format(which.rows.format("l"))
    parts.append(f"({FORMS.format(sets, which.forms)})")
    row = await connection.fetchrow(f"SELECT {', '.join(parts)}", *which.arguments)
    return b"\n".join(part for part in row or () if part is not None)
