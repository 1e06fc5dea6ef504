"""Columns that the list of logs may have."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    title: str
    is_number: bool = False


# The first ones are there unless others are chosen.
ALL = (
    Column("time", "Time"),
    Column("service", "Service"),
    Column("method", "Method"),
    Column("status", "Status"),
    Column("path", "Path"),
    Column("latency", "Latency"),
    Column("size", "Size", is_number=True),
    Column("sent", "Sent", is_number=True),
    Column("endpoint", "Endpoint"),
    Column("client", "Client"),
    Column("source", "Source"),
    Column("tags", "Tags"),
    Column("id", "Id"),
)
DEFAULT = ALL[:7]
# It leads to the log.
NEEDED = "path"


def chosen(given: Sequence[str]) -> tuple[Column, ...]:
    """Those of an address, in the order of ALL; unknown names are passed over."""
    names = {name for value in given for name in value.split(",")}
    found = tuple(column for column in ALL if column.name in names)
    if not found:
        return DEFAULT
    return tuple(column for column in ALL if column in found or column.name == NEEDED)
