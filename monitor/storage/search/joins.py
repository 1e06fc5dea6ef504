"""Joins: what is seen beside a row of logs AS l."""

from monitor.record.columns import KEY_COLUMNS
from monitor.storage.search.where import OF_THIS_TIME


def of_same_log(table: str) -> str:
    """The condition that joins *table* with the logs."""
    return " AND ".join(f"{table}.{name} = l.{name}" for name in KEY_COLUMNS)


# Bodies may be in parts: the first is 0, all of one is null.
IS_FIRST = "coalesce(b.part, 0) = 0"
BODIES = f"LEFT JOIN log_bodies AS b ON {of_same_log('b')} AND {IS_FIRST}"
# Of logs from before headers were sets.
DETAILS = f"LEFT JOIN log_details AS d ON {of_same_log('d')}"


def whole(column: str) -> str:
    """A body, or the text of one, of a row of log_bodies AS b that is the first."""
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


def _in_parts(value: str) -> str:
    same = " AND ".join(f"p.{name} = b.{name}" for name in KEY_COLUMNS)
    return f"""
        (SELECT {value}
           FROM log_bodies AS p
          WHERE {same}
            AND p.part > 0
            AND {OF_THIS_TIME})
    """
