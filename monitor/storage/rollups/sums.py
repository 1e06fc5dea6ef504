"""Sums of rollups: counts, sums of latencies, and histograms, of any rows of them.

A histogram is a sketch with relative error, DDSketch (Masson, Rim, Lee: "DDSketch: A
Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees", PVLDB 12(12),
2019), by its linearly interpolated mapping: a bin is what latencies have in common that
are alike in exponent and the first six bits of the mantissa, so that its bounds are
within 1/64, and its middle within 0.78 % of each of them. It needs no logarithm, which
one library rounds otherwise than the next; what was added is taken off to the bit.

All bins together are one number: each has PLACES decimal places of it, beginning with
the bin of ORIGIN_MS. So PostgreSQL's own sum() and minus add them and take them off.
"""

from collections.abc import Sequence

# 2 to the power of -4; what is shorter is behind the decimal point.
ORIGIN_BIN = (1023 - 4) * 64
PLACES = 12
# Places behind the point, and before it, that PostgreSQL's numbers have. Shorter ones
# (3e-8 ms) are taken for 0, longer ones (1e50 ms) for as long.
FIRST_BIN = ORIGIN_BIN - 16_383 // PLACES
LAST_BIN = ORIGIN_BIN + 131_000 // PLACES
# A sum of larger ones would overflow; the largest float is 1.8e308.
MAX_SUMMED_MS = "1e290"
SUMMED = ("requests", "errors", "latency_n", "latency_sum", "histogram")
# The exponent and six bits of the mantissa of a latency.
BIN = """
    ((get_byte(float8send(ms), 0) & 127) << 10)
    | (get_byte(float8send(ms), 1) << 2)
    | (get_byte(float8send(ms), 2) >> 6)
"""


def summed(raw: str, folded: str | None, by: Sequence[str]) -> str:
    """Rows with *by* and SUMMED: all that *raw* and *folded* have of each.

    *raw*: a query for *by*, requests, errors and latencies, which are taken off where
    requests are below zero; *folded*: a query for *by* and SUMMED.
    """
    keys = ", ".join(by)
    others = "" if folded is None else f"UNION ALL {folded}"
    return f"""
        WITH raw AS MATERIALIZED ({raw}),
             single AS (
            SELECT {keys}, {BIN} AS bin, sign, ms
              FROM (SELECT {keys}, sign(requests)::int AS sign,
                           unnest(latencies) AS ms
                      FROM raw) AS latency),
             binned AS (
            SELECT {keys}, bin, sign * count(*) AS n,
                   sign * sum(least(ms, {MAX_SUMMED_MS})::numeric) AS total
              FROM single
             GROUP BY {keys}, bin, sign),
             part AS (
            SELECT {keys}, requests, errors, 0 AS latency_n, 0 AS latency_sum,
                   0 AS histogram
              FROM raw
             UNION ALL
            SELECT {keys}, 0, 0, n, total,
                   CASE WHEN bin >= {FIRST_BIN}
                        THEN (n || 'e' || ((least(bin, {LAST_BIN}) - {ORIGIN_BIN})
                                           * {PLACES}))::numeric
                        ELSE 0 END
              FROM binned
             {others})
        SELECT {keys},
               sum(requests)::bigint AS requests,
               sum(errors)::bigint AS errors,
               sum(latency_n)::bigint AS latency_n,
               sum(latency_sum) AS latency_sum,
               sum(histogram) AS histogram
          FROM part
         GROUP BY {keys}
        """
