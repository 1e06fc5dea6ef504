"""The table: each question at its median and its worst, and what stands beside it."""

import os
from pathlib import Path

from bench.query import inserting, sqlite
from bench.query.asking import answered
from bench.query.filled import Filled, filled
from bench.query.pages import pages
from bench.query.plans import write_plans
from bench.query.questions import Question, questions
from bench.stage import FIRST_PORT

LOGS = int(os.environ.get("BENCH_LOGS", "1000000"))
TIMES = int(os.environ.get("BENCH_TIMES", "7"))
PORT = FIRST_PORT + 40
PLANS = Path("bench-query.plans")
# Of a log in the middle: what it has alone.
RARE = r"""
    SELECT ARRAY[substring(convert_from(response_body, 'UTF8')
                           FROM '"sku":"(SKU-[0-9]+)'),
                 substring(convert_from(response_body, 'UTF8')
                           FROM '"id":"([0-9a-f-]{36})')]
      FROM (SELECT u.response_body
              FROM body_packs AS h
              CROSS JOIN LATERAL unnest(h.response_body) AS u (response_body)
             WHERE h.first_id > (SELECT bounds[1]
                                   FROM search_chunks
                                  ORDER BY after_id
                                 OFFSET (SELECT count(*) / 2 FROM search_chunks)
                                  LIMIT 1)
             ORDER BY h.first_id
             LIMIT 1000) AS few
     WHERE convert_from(response_body, 'UTF8') LIKE '{"id":%"sku":%'
     LIMIT 1
"""


def measure() -> None:
    with filled(LOGS, PORT) as made:
        rare = made.asked(RARE)
        assert isinstance(rare, list)
        asked = questions(*rare)
        with made.serving(PORT) as app:
            asked += pages(app, rare[0])
            _print_table(app, asked)
        for line in (*inserting.inserting(made), *sqlite.beside(made, rare[0])):
            print(line, flush=True)
        _plans(made, asked)


def _print_table(app: str, asked: list[Question]) -> None:
    print(f"\n| of {LOGS:,} logs | median ms | worst of {TIMES} | aim | met | found |")
    print("|---|---|---|---|---|---|", flush=True)
    for one in answered(app, asked, TIMES):
        print(one.row(), flush=True)
    print()


def _plans(made: Filled, asked: list[Question]) -> None:
    write_plans(made, asked, PORT, PLANS)
    print(f"plans are in {PLANS}")
