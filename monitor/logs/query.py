"""The query of a list of logs, of an export, a deletion and of metrics."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from monitor.errors import FieldError
from monitor.logs.facets import MOST_BUCKETS
from monitor.logs.filter import FILTERS, PAGE, TEXT, LogFilter, Page
from monitor.logs.metrics import MAX_BUCKETS, Scope
from monitor.logs.parameter import (
    FLAG,
    Parameter,
    query_error,
    read,
    refuse,
    text,
    valid,
    whole_number,
    wrong_ends,
)
from monitor.logs.values import ValuesAsked
from monitor.search.fields import Called, closest
from monitor.search.reading import QueryReader
from monitor.search.table import FIELDS, field_called

MAX_EXPORTED = 10**9
LISTED = {**FILTERS, **PAGE}
EXPORTED = {**FILTERS, "cursor": PAGE["cursor"], "limit": whole_number(1, MAX_EXPORTED)}
MEASURED = {
    **{name: FILTERS[name] for name in ("service_id", "since", "until", "source")},
    "exact": FLAG.described("exact percentiles, however many logs there are"),
}


FIRST_LISTED = "service"


def _listed_field(text: str) -> Called:
    called = field_called(TEXT.parse(text))
    if called is None:
        likely = closest(text, FIELDS)
        meant = f", perhaps {likely}" if likely else ""
        raise ValueError(f"there is no such field{meant}; /v1/query/fields lists them")
    if called.field.name.endswith("$") and not called.name:
        raise ValueError("must name a path, such as $.error.code")
    if not called.has_values:
        raise ValueError("its values are not listed, for they hardly repeat")
    return called


OF_VALUES = {
    "field": Parameter(
        _listed_field, {"type": "string", "description": "as a query calls it"}
    ).by_default(FIRST_LISTED),
    "prefix": text(200).described("what values begin with, in any case"),
    "limit": whole_number(1, 100).by_default(20),
}
VALUES = {**FILTERS, **OF_VALUES}
OF_TIMELINE = {
    "bucket_s": whole_number(1, 31_536_000).described(
        f"how wide a bucket is; at most {MOST_BUCKETS} of them. Without it, "
        f"{MAX_BUCKETS} at most"
    )
}
TIMELINE = {**FILTERS, **OF_TIMELINE}
MOST_DELETED = "as many at most; up to DELETE_LIMIT, which it is by default"
# Of the limit only what holds whatever DELETE_LIMIT is.
DELETED = {
    **FILTERS,
    "cursor": PAGE["cursor"],
    "limit": Parameter(
        int,
        {
            "type": "integer",
            "minimum": 1,
            "description": MOST_DELETED,
        },
    ),
    "dry_run": FLAG.described("true: nothing goes, what would is counted"),
}


def parse_log_query(
    pairs: Iterable[tuple[str, str]], queries: QueryReader
) -> tuple[LogFilter, Page]:
    """Raises InvalidInput naming each parameter that is unknown, repeated or bad."""
    values, errors = read(pairs, _with(queries, LISTED))
    if "cursor" in values and "offset" in values:
        errors.append(query_error("cursor", "cursor and offset exclude each other"))
    if values.get("newer") and "cursor" not in values:
        errors.append(query_error("newer", "newer goes with cursor"))
    refuse(errors)
    page = {name: values.pop(name) for name in PAGE if name in values}
    return LogFilter(**values), Page(**page)


def parse_export_query(
    pairs: Iterable[tuple[str, str]], queries: QueryReader
) -> tuple[LogFilter, UUID | None, int | None]:
    """The filter, after which log to begin, and how many at most.

    Raises InvalidInput as parse_log_query does.
    """
    values = valid(pairs, _with(queries, EXPORTED))
    cursor, limit = values.pop("cursor", None), values.pop("limit", None)
    return LogFilter(**values), cursor, limit


def parse_delete_query(
    pairs: Iterable[tuple[str, str]], queries: QueryReader, *, most: int
) -> tuple[LogFilter, UUID | None, int, bool]:
    """The filter, after which log to begin, how many at most, and whether to count
    only.

    Raises InvalidInput as parse_log_query does, and where nothing is filtered.
    """
    parameters = {**_with(queries, DELETED), "limit": whole_number(1, most)}
    values, errors = read(pairs, parameters)
    cursor, limit = values.pop("cursor", None), values.pop("limit", most)
    dry_run = values.pop("dry_run", False)
    if not values and not errors:
        reason = "at least one filter is required, such as service_id, tag or until"
        errors.append(FieldError(("query",), reason, "missing"))
    refuse(errors)
    return LogFilter(**values), cursor, limit, dry_run


def parse_values_query(
    pairs: Iterable[tuple[str, str]], queries: QueryReader
) -> tuple[LogFilter, ValuesAsked]:
    """Of which logs which values are asked for. Raises InvalidInput."""
    values = valid(pairs, _with(queries, VALUES))
    asked = {name: values.pop(name) for name in OF_VALUES if name in values}
    called = asked.pop("field", None) or _listed_field(FIRST_LISTED)
    return LogFilter(**values), ValuesAsked(called=called, **asked)


def parse_facets_query(
    pairs: Iterable[tuple[str, str]], queries: QueryReader
) -> LogFilter:
    """Raises InvalidInput as parse_log_query does."""
    values = valid(pairs, _with(queries, FILTERS))
    return LogFilter(**values)


def parse_timeline_query(
    pairs: Iterable[tuple[str, str]], queries: QueryReader
) -> tuple[LogFilter, timedelta | None]:
    """The filter, and how wide a bucket is to be. Raises InvalidInput."""
    values = valid(pairs, _with(queries, TIMELINE))
    seconds = values.pop("bucket_s", None)
    return LogFilter(**values), seconds and timedelta(seconds=seconds)


def parse_scope(pairs: Iterable[tuple[str, str]]) -> Scope:
    """Which logs are measured. Raises InvalidInput as parse_log_query does."""
    values, errors = read(pairs, MEASURED)
    refuse([*errors, *wrong_ends(values)])
    return Scope(**values)


def _with(
    queries: QueryReader, parameters: dict[str, Parameter]
) -> dict[str, Parameter]:
    """With `query` as *queries* reads it."""
    return {**parameters, "query": replace(parameters["query"], parse=queries.read)}
