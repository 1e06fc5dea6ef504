"""Problems of a query: what is wrong, where, and what was meant perhaps."""

from enum import StrEnum

from monitor.search.tree import Span

MAX_SHOWN = 60


class Kind(StrEnum):
    SYNTAX = "query_syntax"
    UNKNOWN_FIELD = "query_unknown_field"
    BAD_VALUE = "query_bad_value"
    BAD_REGEX = "query_bad_regex"
    TOO_LONG = "query_too_long"
    TOO_MANY_TERMS = "query_too_many_terms"
    TOO_DEEP = "query_too_deep"


class QueryProblem(ValueError):
    """*suggestion*: what may stand there instead."""

    def __init__(
        self, reason: str, span: Span, *, kind: Kind, suggestion: str | None = None
    ) -> None:
        super().__init__(reason)
        self.span = span
        self.kind = kind
        self.suggestion = suggestion


def shown(text: str) -> str:
    """*text* within a sentence."""
    cut = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    return f"`{cut}`"
