"""SQLite beside: FTS5 over bodies of the same rows, as open inspectors use it."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.query.filled import Filled

ROWS = 100_000
BODIES = f"""
    SELECT array_agg(convert_from(response_body, 'UTF8'))
      FROM (SELECT u.response_body
              FROM (SELECT *
                      FROM body_packs
                     ORDER BY first_id DESC
                     LIMIT {ROWS} / 100) AS h
              CROSS JOIN LATERAL unnest(h.response_body, h.response_is_text)
                      AS u (response_body, is_text)
             WHERE u.is_text
             LIMIT {ROWS}) AS newest
"""


def beside(made: Filled, sku: str) -> list[str]:
    """Lines of what it costs to insert, and to find."""
    bodies = made.asked(BODIES)
    assert isinstance(bodies, list)
    lines = []
    for how in ("trigram", "unicode61"):
        with tempfile.TemporaryDirectory() as folder:
            lines.append(_measured(Path(folder) / "fts.db", how, bodies, sku))
    return lines


def _measured(path: Path, how: str, bodies: Sequence[str], sku: str) -> str:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute(f"CREATE VIRTUAL TABLE f USING fts5(body, tokenize = '{how}')")
    began = time.process_time()
    for start in range(0, len(bodies), 1000):
        rows = [(body,) for body in bodies[start : start + 1000]]
        connection.executemany("INSERT INTO f (body) VALUES (?)", rows)
        connection.commit()
    spent_us = (time.process_time() - began) / len(bodies) * 1e6
    connection.execute("PRAGMA wal_checkpoint(truncate)")
    size = os.path.getsize(path) / len(bodies)
    found_ms = [_found_ms(connection, text) for text in (sku, "zzqx-nothing")]
    connection.close()
    mean = sum(map(len, bodies)) / len(bodies)
    return (
        f"SQLite FTS5 {how}: {spent_us:.0f} µs CPU and {size:,.0f} bytes a row of"
        f" {mean:.0f} bytes; of {len(bodies):,} rows a rare text takes"
        f" {found_ms[0]:.1f} ms, an absent one {found_ms[1]:.1f} ms"
    )


def _found_ms(connection: sqlite3.Connection, text: str) -> float:
    began = time.perf_counter()
    asked = "SELECT rowid FROM f WHERE f MATCH ? LIMIT 50"
    connection.execute(asked, (f'"{text}"',)).fetchall()
    return (time.perf_counter() - began) * 1000
