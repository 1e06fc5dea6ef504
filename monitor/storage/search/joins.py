"""Joins: what is seen beside a row of logs AS l."""

from monitor.record.columns import KEY_COLUMNS


def of_same_log(table: str) -> str:
    """The condition that joins *table* with the logs."""
    return " AND ".join(f"{table}.{name} = l.{name}" for name in KEY_COLUMNS)


BODIES = f"LEFT JOIN log_bodies AS b ON {of_same_log('b')}"
# Of logs from before headers were sets.
DETAILS = f"LEFT JOIN log_details AS d ON {of_same_log('d')}"
