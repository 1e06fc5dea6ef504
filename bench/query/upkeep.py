"""Upkeep: what the appliance does behind logs while nobody asks, waited for."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from monitor.storage.blocks.grams import CHUNK_LOGS
from monitor.storage.packs.packing import PACK_LOGS

LONGEST_S: Final = 3_600.0
POLL_S, SAID_EVERY_S = 1.0, 10.0
# What is left to do, each kind by itself.
FOLDED: Final = """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM rollup_changes LIMIT 2001) AS few)
               <= 2000
           AND (SELECT filled_from FROM rollup_state) <= '1970-01-02'
"""
INDEXED: Final = """
    SELECT count(*) BETWEEN 1 AND 33000
      FROM (SELECT 1
              FROM logs
             WHERE id > (SELECT bounds[cardinality(bounds)]
                           FROM search_chunks
                          ORDER BY after_id DESC
                          LIMIT 1)
             LIMIT 40000) AS newer
"""
PACKED: Final = """
    SELECT count(*) <= 1000
      FROM (SELECT 1
              FROM log_bodies
             WHERE ts < now() - interval '1 day'
               AND part IS NULL
             LIMIT 2000) AS loose
"""
KINDS: Final = {"folded": FOLDED, "indexed": INDEXED, "packed": PACKED}
SO_FAR: Final = f"""
    SELECT ARRAY[(SELECT count(*) FROM rollup_changes),
                 (SELECT count(*) * {CHUNK_LOGS} FROM search_chunks),
                 (SELECT count(*) * {PACK_LOGS} FROM body_packs)]
"""
# As after a night, in which PostgreSQL has had the time for it.
TIDY: Final = "VACUUM (ANALYZE) logs"
# And of what folding and packing removed since.
TIDY_ALL: Final = "VACUUM (ANALYZE)"


def wait(asked: Callable[[str], object]) -> None:
    """Says how far it is, and when each kind is done."""
    began = said = time.monotonic()
    left = dict(KINDS)
    with ThreadPoolExecutor(1) as beside:
        tidying = beside.submit(asked, TIDY)
        while left or not tidying.done():
            time.sleep(POLL_S)
            now = time.monotonic()
            for kind in [kind for kind, is_done in left.items() if asked(is_done)]:
                print(f"{kind} after {now - began:,.0f} s", flush=True)
                del left[kind]
            if now - said >= SAID_EVERY_S and left:
                said = now
                _say(asked, now - began)
            if now - began > LONGEST_S:
                sys.exit(f"upkeep is not done: {', '.join(left)}")
    asked(TIDY_ALL)
    asked("CHECKPOINT")
    print(f"upkeep took {time.monotonic() - began:,.0f} s", flush=True)


def _say(asked: Callable[[str], object], seconds: float) -> None:
    found = asked(SO_FAR)
    assert isinstance(found, list)
    changes, indexed, packed = found
    print(
        f"  {seconds:,.0f} s: some {indexed:,} logs indexed, {packed:,} packed,"
        f" {changes:,} changes to fold",
        flush=True,
    )
