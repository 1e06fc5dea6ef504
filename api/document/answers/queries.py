"""Answers about the query language, and counts of what a query finds."""

from pydantic import AwareDatetime, Field

from api.document.answers.shown import Count, Shown
from monitor.logs.facets import MOST_BUCKETS, MOST_VALUES, FacetName


class QueryField(Shown):
    """`takes_name`: a name follows its own. `has_values`: they may be listed."""

    name: str
    aliases: list[str]
    type: str
    operators: list[str]
    examples: list[str]
    meaning: str
    choices: list[str]
    takes_name: bool
    has_values: bool


class QueryFields(Shown):
    fields: list[QueryField]


class QueryValue(Shown):
    value: str
    query: str = Field(description="the term that asks for it")
    count: Count = Field(description="logs that have it")


class QueryValues(Shown):
    """`logs` were looked at, back to `since`; `complete`: they are the whole window."""

    field: str
    values: list[QueryValue]
    logs: Count
    since: AwareDatetime | None
    complete: bool


class Covered(Shown):
    """What was counted: from `since`, up to and without `until`; null is no bound."""

    since: AwareDatetime | None
    until: AwareDatetime | None
    logs: Count | None = Field(
        description="so many were looked at one by one; null where rollups were read"
    )


class Counted(Shown):
    requests: Count
    errors: Count = Field(description="those of them that the metrics count as errors")


class CountedAs(Counted):
    """`is_exact`: of all logs that are asked for, else of those that are `covered`."""

    is_exact: bool
    covered: Covered


class FacetValue(Counted):
    """A status is its class, such as `5xx`, or `none`."""

    value: str
    query: str | None = Field(description="the term that asks for it")


class Facet(Shown):
    """The most frequent values first; `other`: all others together."""

    name: FacetName
    is_exact: bool
    covered: Covered
    values: list[FacetValue] = Field(max_length=MOST_VALUES)
    other: Counted


class Facets(CountedAs):
    facets: list[Facet]


class CountedBucket(Counted):
    start: AwareDatetime


class Timeline(CountedAs):
    """Empty buckets too, from the one on in which `covered` begins."""

    bucket_s: float
    buckets: list[CountedBucket] = Field(max_length=MOST_BUCKETS)
