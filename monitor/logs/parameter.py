"""The parameter of a query: how its text is read, and what may stand there.

Both are declared in one place, so that /openapi.json says the bounds that hold.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from monitor import times
from monitor.errors import FieldError, InvalidInput
from monitor.search.problem import QueryProblem

FIRST_YEAR, LAST_YEAR = 1970, 2999
TIMES = f"RFC 3339, UTC without an offset; {FIRST_YEAR} to {LAST_YEAR}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """*parse* raises ValueError with what must be; *schema* is of JSON Schema."""

    parse: Callable[[str], Any]
    schema: dict[str, Any] = field(default_factory=dict)

    def described(self, description: str) -> "Parameter":
        """The same with what /openapi.json says of it in words."""
        return replace(self, schema={**self.schema, "description": description})

    def by_default(self, value: Any) -> "Parameter":
        """The same with what it is where it is not given; None and False go unsaid."""
        if value is None or value is False:
            return self
        return replace(self, schema={**self.schema, "default": value})


def read(
    pairs: Iterable[tuple[str, str]], parameters: Mapping[str, Parameter]
) -> tuple[dict[str, Any], list[FieldError]]:
    """What the known parameters say, and what is wrong with the others."""
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    seen: set[str] = set()
    for name, text in pairs:
        parameter = parameters.get(name)
        if parameter is None:
            reason = "there is no such parameter"
            errors.append(query_error(name, reason, "extra_forbidden"))
        elif name in seen:
            errors.append(query_error(name, "is given more than once"))
        else:
            try:
                values[name] = parameter.parse(text)
            except QueryProblem as problem:
                errors.append(problem_error(name, problem))
            except ValueError as error:
                errors.append(query_error(name, str(error)))
        seen.add(name)
    return values, errors


def valid(
    pairs: Iterable[tuple[str, str]], parameters: Mapping[str, Parameter]
) -> dict[str, Any]:
    """What they say. Raises InvalidInput, naming each that is unknown or bad."""
    values, errors = read(pairs, parameters)
    refuse(errors)
    return values


def refuse(errors: Sequence[FieldError]) -> None:
    """Raises InvalidInput where there are any."""
    if errors:
        raise InvalidInput("the query is not valid", errors=errors)


def wrong_ends(values: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with `since` and `until` beside each other."""
    since, until = values.get("since"), values.get("until")
    if since and until and since >= until:
        return [query_error("until", "must be after since")]
    return []


def query_error(name: str, reason: str, type: str = "value_error") -> FieldError:
    return FieldError(("query", name[:64]), reason, type)


def problem_error(
    name: str, problem: QueryProblem, *, where: str = "query"
) -> FieldError:
    """*where* it was given: in the query or in the body."""
    return FieldError(
        (where, name),
        str(problem),
        problem.kind.value,
        at=(problem.span.offset, problem.span.length),
        suggestion=problem.suggestion,
    )


def whole_number(low: int, high: int) -> Parameter:
    def parse(text: str) -> int:
        if not text.isascii() or not text.lstrip("-").isdigit() or len(text) > 18:
            raise ValueError("must be a whole number")
        number = int(text)
        if not low <= number <= high:
            raise ValueError(f"must be from {low} to {high}")
        return number

    return Parameter(parse, {"type": "integer", "minimum": low, "maximum": high})


def text(longest: int) -> Parameter:
    def parse(text: str) -> str:
        if not text:
            raise ValueError("must not be empty")
        if len(text) > longest:
            raise ValueError(f"must have at most {longest} characters")
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise ValueError("must not hold NUL or lone surrogates")
        return text

    return Parameter(parse, {"type": "string", "minLength": 1, "maxLength": longest})


def one_of(*words: str) -> Parameter:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return Parameter(parse, {"type": "string", "enum": list(words)})


def member_of(closed: type[StrEnum]) -> Parameter:
    word = one_of(*closed)
    return Parameter(lambda text: closed(word.parse(text)), word.schema)


def _flag(text: str) -> bool:
    match text.lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise ValueError("must be true or false")


def _milliseconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError("must be a number") from None
    if not math.isfinite(number) or number < 0:
        raise ValueError("must be finite and not negative")
    return number


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError("must be a UUID") from None


def _time(text: str) -> datetime:
    # A + of an offset that was not encoded arrives as a space.
    date, separator, offset = text.rpartition(" ")
    has_lost_plus = separator and "T" in date.upper() and ":" in offset
    moment = times.parse(f"{date}+{offset}" if has_lost_plus else text)
    if not FIRST_YEAR <= moment.astimezone(UTC).year <= LAST_YEAR:
        raise ValueError(f"must be from {FIRST_YEAR} to {LAST_YEAR}")
    return moment


FLAG = Parameter(_flag, {"type": "string", "enum": ["true", "false", "1", "0"]})
MILLISECONDS = Parameter(_milliseconds, {"type": "number", "minimum": 0})
ID = Parameter(_uuid, {"type": "string", "format": "uuid"})
TIME = Parameter(_time, {"type": "string", "format": "date-time", "description": TIMES})
