"""What the query of a log list asks for."""

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from monitor import times
from monitor.errors import FieldError, InvalidInput
from monitor.logs.filter import MAX_LIMIT, MAX_OFFSET, LogFilter, Page, decode_cursor
from monitor.logs.metrics import Scope
from monitor.traffic.exchange import Source

MAX_TEXT_LENGTH = 1024
MAX_METHOD_LENGTH = 32
MAX_ENDPOINT_LENGTH = 8192
MAX_EXPORTED = 10**9
FIRST_YEAR, LAST_YEAR = 1970, 2999
SCOPE_FIELDS = ("service_id", "since", "until", "source")
PAGE_FIELDS = ("limit", "offset", "cursor", "newer")


def parse_log_query(pairs: Iterable[tuple[str, str]]) -> tuple[LogFilter, Page]:
    """Raises InvalidInput naming each parameter that is unknown, repeated or bad."""
    values, errors = read(pairs, PARAMETERS)
    if "cursor" in values and "offset" in values:
        errors.append(_error("cursor", "cursor and offset exclude each other"))
    if values.get("newer") and "cursor" not in values:
        errors.append(_error("newer", "newer goes with cursor"))
    if errors:
        raise InvalidInput("the query is not valid", errors=errors)
    page = {name: values.pop(name) for name in PAGE_FIELDS if name in values}
    return LogFilter(**values), Page(**page)


def parse_export_query(
    pairs: Iterable[tuple[str, str]],
) -> tuple[LogFilter, UUID | None, int | None]:
    """The filter, after which log to begin, and how many at most.

    Raises InvalidInput as parse_log_query does.
    """
    known = {n: p for n, p in PARAMETERS.items() if n not in ("offset", "newer")}
    values, errors = read(pairs, {**known, "limit": whole_number(1, MAX_EXPORTED)})
    if errors:
        raise InvalidInput("the query is not valid", errors=errors)
    cursor, limit = values.pop("cursor", None), values.pop("limit", None)
    return LogFilter(**values), cursor, limit


def parse_delete_query(
    pairs: Iterable[tuple[str, str]], *, most: int
) -> tuple[LogFilter, UUID | None, int, bool]:
    """The filter, after which log to begin, how many at most, and whether to count
    only.

    Raises InvalidInput as parse_log_query does, and where nothing is filtered.
    """
    known = {n: p for n, p in PARAMETERS.items() if n not in ("offset", "newer")}
    own = {"limit": whole_number(1, most), "dry_run": _flag}
    values, errors = read(pairs, {**known, **own})
    cursor, limit = values.pop("cursor", None), values.pop("limit", most)
    dry_run = values.pop("dry_run", False)
    if not values and not errors:
        reason = "at least one filter is required, such as service_id, tag or until"
        errors.append(FieldError(("query",), reason, "missing"))
    if errors:
        raise InvalidInput("the query is not valid", errors=errors)
    return LogFilter(**values), cursor, limit, dry_run


def parse_scope(pairs: Iterable[tuple[str, str]]) -> Scope:
    """Which logs are measured. Raises InvalidInput as parse_log_query does."""
    known = {name: PARAMETERS[name] for name in SCOPE_FIELDS}
    values, errors = read(pairs, {**known, "exact": _flag})
    # Every answer is: there is no rollup to ask past.
    values.pop("exact", None)
    since, until = values.get("since"), values.get("until")
    if since and until and since >= until:
        errors.append(_error("until", "must be after since"))
    if errors:
        raise InvalidInput("the query is not valid", errors=errors)
    return Scope(**values)


def read(
    pairs: Iterable[tuple[str, str]], parameters: dict[str, Callable[[str], Any]]
) -> tuple[dict[str, Any], list[FieldError]]:
    """What the known parameters say, and what is wrong with the others."""
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    seen: set[str] = set()
    for name, text in pairs:
        parse = parameters.get(name)
        if parse is None:
            errors.append(_error(name, "there is no such parameter", "extra_forbidden"))
        elif name in seen:
            errors.append(_error(name, "is given more than once"))
        else:
            try:
                values[name] = parse(text)
            except ValueError as error:
                errors.append(_error(name, str(error)))
        seen.add(name)
    return values, errors


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.lstrip("-").isdigit() or len(text) > 18:
            raise ValueError("must be a whole number")
        number = int(text)
        if not low <= number <= high:
            raise ValueError(f"must be from {low} to {high}")
        return number

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return parse


def _error(name: str, reason: str, type: str = "value_error") -> FieldError:
    return FieldError(("query", name[:64]), reason, type)


def _milliseconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError("must be a number") from None
    if not math.isfinite(number) or number < 0:
        raise ValueError("must be finite and not negative")
    return number


def _flag(text: str) -> bool:
    match text.lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise ValueError("must be true or false")


def _text(longest: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not text:
            raise ValueError("must not be empty")
        if len(text) > longest:
            raise ValueError(f"must have at most {longest} characters")
        if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
            raise ValueError("must not hold NUL or lone surrogates")
        return text

    return parse


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError("must be a UUID") from None


def _status_class(text: str) -> int:
    if len(text) == 3 and text[0] in "12345" and text[1:].lower() == "xx":
        return int(text[0])
    raise ValueError("must be one of 1xx, 2xx, 3xx, 4xx, 5xx")


def _source(text: str) -> Source:
    try:
        return Source(text)
    except ValueError:
        raise ValueError("must be one of proxy, ingest, replay") from None


def _time(text: str) -> datetime:
    # A + of an offset that was not encoded arrives as a space.
    date, separator, offset = text.rpartition(" ")
    has_lost_plus = separator and "T" in date.upper() and ":" in offset
    moment = times.parse(f"{date}+{offset}" if has_lost_plus else text)
    if not FIRST_YEAR <= moment.astimezone(UTC).year <= LAST_YEAR:
        raise ValueError(f"must be from {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def _cursor(text: str) -> UUID:
    id = decode_cursor(text)
    if id is None:
        raise ValueError("is no cursor of this list")
    return id


PARAMETERS: dict[str, Callable[[str], Any]] = {
    "service_id": _uuid,
    "method": _text(MAX_METHOD_LENGTH),
    "path": _text(MAX_TEXT_LENGTH),
    "endpoint": _text(MAX_ENDPOINT_LENGTH),
    "status_code": whole_number(100, 999),
    "status_class": _status_class,
    "has_status": _flag,
    "min_latency_ms": _milliseconds,
    "max_latency_ms": _milliseconds,
    "has_error": _flag,
    "is_error": _flag,
    "tag": _text(128),
    "source": _source,
    "is_replay": _flag,
    "pinned": _flag,
    "since": _time,
    "until": _time,
    "q": _text(MAX_TEXT_LENGTH),
    "limit": whole_number(1, MAX_LIMIT),
    "offset": whole_number(0, MAX_OFFSET),
    "cursor": _cursor,
    "newer": _flag,
}
