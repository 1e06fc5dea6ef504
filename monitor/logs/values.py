"""Values of a field, as they are asked for and as they are told."""

from dataclasses import dataclass
from datetime import datetime

from monitor.search.fields import Called


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesAsked:
    """Those of the field *called* that begin with *prefix*, in any case."""

    called: Called
    prefix: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class FieldValue:
    """*query* is the term that asks for it; *count*: logs that have it."""

    value: str
    query: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldValues:
    """The most frequent first.

    *logs* were looked at, the newest of the window, back to *since*; *complete*: these
    are all of it.
    """

    values: tuple[FieldValue, ...]
    logs: int
    since: datetime | None
    complete: bool
