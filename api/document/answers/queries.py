"""Answers about the query language."""

from pydantic import AwareDatetime, Field

from api.document.answers.shown import Count, Shown


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
