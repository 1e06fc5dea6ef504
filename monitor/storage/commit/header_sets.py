"""Header sets of a batch: those that are there stay, the others are stored."""

from collections.abc import Mapping, Sequence

import asyncpg

from monitor.record.header_sets import HeaderSet, id_field


async def stored(
    connection: asyncpg.Connection, used: Sequence[HeaderSet]
) -> dict[HeaderSet, bytes]:
    """The ids of *used* as fields of a row, in the transaction of its logs.

    What is remembered may be gone: swept because no log had it, or rolled back. What is
    there is held until the transaction ends. No two transactions wait for each other
    here: a set that another one has not committed is stored once more.
    """
    # Another transaction may give one that it does not see another id meanwhile.
    ids = {one: one.id for one in used if one.id}
    there = await _held(connection, ids) if ids else set()
    missing = [one for one in used if ids.get(one) not in there]
    if missing:
        ids.update(await _store(connection, missing))
    return {one: id_field(ids[one]) for one in used}


async def _held(
    connection: asyncpg.Connection, ids: Mapping[HeaderSet, int]
) -> set[int]:
    rows = await connection.fetch(
        """
        SELECT id
          FROM header_sets
         WHERE ts = ANY($1::timestamptz[])
           AND id = ANY($2::int[])
           FOR KEY SHARE
        """,
        list({one.ts for one in ids}),
        list(ids.values()),
    )
    return {row["id"] for row in rows}


async def _store(
    connection: asyncpg.Connection, missing: Sequence[HeaderSet]
) -> dict[HeaderSet, int]:
    rows = await connection.fetch(
        """
        INSERT INTO header_sets (id, ts, bucket, form)
        SELECT nextval('header_set_ids'), ts, bucket, form
          FROM unnest($1::timestamptz[], $2::int[], $3::text[]) AS s (ts, bucket, form)
        RETURNING id, ts, bucket, form
        """,
        [one.ts for one in missing],
        [one.bucket for one in missing],
        [one.form.decode() for one in missing],
    )
    ids = {(row["ts"], row["bucket"], row["form"]): row["id"] for row in rows}
    for one in missing:
        one.id = ids[one.ts, one.bucket, one.form.decode()]
    return {one: one.id for one in missing}
