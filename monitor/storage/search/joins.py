"""Joins: what is seen beside a row of logs AS l."""

from monitor.record.columns import KEY_COLUMNS, PACKED_COLUMNS
from monitor.storage.database.partitions import BEGIN_OF_DAY
from monitor.storage.packs.taking_out import ROWS
from monitor.storage.search.where import (
    OF_THESE_DAYS,
    OF_THESE_PACKS,
    OF_THIS_TIME,
    Beside,
)


def of_same_log(table: str) -> str:
    """The condition that joins *table* with the logs."""
    return " AND ".join(f"{table}.{name} = l.{name}" for name in KEY_COLUMNS)


def _of(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in PACKED_COLUMNS)


# Bodies may be in parts: the first is 0, all of one is null.
LOOSE = f"""
    SELECT p.bucket, p.ts, p.id, {_of("p")}, p.part
      FROM log_bodies AS p
     WHERE coalesce(p.part, 0) = 0
       AND {OF_THIS_TIME}
"""
# The one pack AS h of a log's day that may have its body.
PACK = f"""
    (SELECT h.*
       FROM body_packs AS h
      WHERE h.ts = {BEGIN_OF_DAY.format("l.ts")}
        AND h.last_id >= l.id
        AND {OF_THESE_DAYS}
      ORDER BY h.last_id
      LIMIT 1)
"""
PLACE = "[array_position(h.ids, l.id)]"
AT_PLACE = ", ".join(f"h.{name}{PLACE}" for name in PACKED_COLUMNS)
NO_KEY = "NULL::int, NULL::timestamptz"
NO_PART = "NULL::smallint"
# Of one log: a row AS b, or none.
OF_EACH = f"""
    LEFT JOIN LATERAL (
        {LOOSE} AND {of_same_log("p")}
        UNION ALL
        SELECT {NO_KEY}, l.id, {AT_PLACE}, {NO_PART}
          FROM {PACK} AS h
         WHERE h.first_id <= l.id
           AND array_position(h.ids, l.id) IS NOT NULL) AS b ON true
"""
# Of a row AS u, which has an id only.
OF_THESE_IDS = "true /* ids */"
# Rows AS b within the bounds of the logs, and a few more.
OF_MANY = f"""
    ({LOOSE}
     UNION ALL
     SELECT {NO_KEY}, u.id, {_of("u")}, {NO_PART}
       FROM body_packs AS h
       CROSS JOIN LATERAL {ROWS}
      WHERE {OF_THESE_DAYS}
        AND {OF_THESE_PACKS}
        AND {OF_THESE_IDS}) AS b
"""
BODIES = Beside(each=OF_EACH, many=f"LEFT JOIN {OF_MANY} ON b.id = l.id")
# Of logs from before headers were sets.
DETAILS = f"LEFT JOIN log_details AS d ON {of_same_log('d')}"


def whole(column: str) -> str:
    """A body, or the text of one, of a row of BODIES AS b."""
    more = _in_parts(f"string_agg(p.{column}, '' ORDER BY p.part)")
    return f"""
        (CASE WHEN b.part = 0 THEN b.{column} || coalesce({more}, '')
              ELSE b.{column} END)
    """


def size(column: str) -> str:
    """How long that is."""
    more = _in_parts(f"sum(octet_length(p.{column}))")
    return f"""
        (CASE WHEN b.part = 0 THEN octet_length(b.{column}) + coalesce({more}, 0)
              ELSE octet_length(b.{column}) END)
    """


def size_of_log(column: str) -> str:
    """The same, where there is no b."""
    return f"""
        (SELECT sum(octet_length(own.{column}))
           FROM (SELECT p.{column}
                   FROM log_bodies AS p
                  WHERE {of_same_log("p")}
                    AND {OF_THIS_TIME}
                  UNION ALL
                 SELECT h.{column}{PLACE}
                   FROM {PACK} AS h
                  WHERE h.first_id <= l.id) AS own)
    """


def _in_parts(value: str) -> str:
    same = " AND ".join(f"p.{name} = b.{name}" for name in KEY_COLUMNS)
    return f"""
        (SELECT {value}
           FROM log_bodies AS p
          WHERE {same}
            AND p.part > 0
            AND {OF_THIS_TIME})
    """
