"""The query language over logs in memory, as plainly as it can be said."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from monitor.json.path import Path
from monitor.search.tree import (
    Amount,
    And,
    Anywhere,
    Compare,
    Family,
    Has,
    Holds,
    Is,
    JsonPath,
    Leaf,
    Named,
    Node,
    Not,
    OfLog,
    OfService,
    Operator,
    Or,
    Pattern,
    Pieces,
    Place,
    Regex,
    Side,
    State,
    Text,
)
from monitor.traffic.endpoint import endpoint_of
from monitor.traffic.exchange import Body, BodyState, Exchange

COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.LESS: lt,
    Operator.AT_MOST: le,
    Operator.EQUAL: eq,
    Operator.AT_LEAST: ge,
    Operator.MORE: gt,
}
URL = re.compile(r"([^:/?#]+)://(?:[^/?#@]*@)?(\[[^]]*\]|[^/?#:]*)")


@dataclass(frozen=True, slots=True)
class Log:
    exchange: Exchange
    service: tuple[str, str] = ("pay", "pay")
    note: str | None = None
    pinned: bool = False


def holds(node: Node, log: Log) -> bool:
    match node:
        case And(parts):
            return all(holds(part, log) for part in parts)
        case Or(parts):
            return any(holds(part, log) for part in parts)
        case Not(part):
            return not holds(part, log)
        case _:
            return leaf_holds(node, log)


def leaf_holds(leaf: Leaf, log: Log) -> bool:
    match leaf:
        case Compare(amount, operator, value):
            compare = COMPARE[operator]
            return any(compare(found, value) for found in numbers(amount, log))
        case Holds(place, pattern):
            return any(fits(pattern, text) for text in texts(place, log))
        case Has(place):
            return has(place, log)
        case Is(state):
            return is_so(state, log)
        case Anywhere(pattern):
            return any(fits(pattern, text) for text in said(pattern, log))
        case OfService(service):
            return is_of(service, log)
        case OfLog(id):
            return log.exchange.id == id


def is_of(service: tuple[UUID, ...] | Pieces, log: Log) -> bool:
    if isinstance(service, tuple):
        return log.exchange.service_id in service
    return any(fits(service, name) for name in log.service)


def fits(pattern: Pattern, text: str) -> bool:
    flags = re.DOTALL | (0 if pattern.is_cased else re.IGNORECASE)
    if isinstance(pattern, Regex):
        return re.search(pattern.source, text, flags) is not None
    source = ".*".join(map(re.escape, pattern.pieces))
    return re.fullmatch(source, text, flags) is not None


def numbers(place: Amount | Place, log: Log) -> Iterator[Any]:
    if isinstance(place, Amount):
        found = amount(place, log.exchange)
        yield from () if found is None else (found,)
        return
    for text in texts(place, log):
        if re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", text):
            yield Decimal(text)


def amount(of: Amount, row: Exchange) -> Any:
    match of:
        case Amount.STATUS:
            return row.status_code
        case Amount.LATENCY:
            return row.latency_ms
        case Amount.DURATION:
            return row.duration_ms
        case Amount.REQUEST_SIZE:
            return sized(row.request_size, row.request_body)
        case Amount.RESPONSE_SIZE:
            return sized(row.response_size, row.response_body)
        case Amount.TIME:
            return row.started_at
        case Amount.MESSAGES | Amount.EVENTS:
            return None
        case _:
            return getattr(row.timings, f"{of.value}_ms")


def sized(size: int | None, body: Body | None) -> int | None:
    return len(body.kept) if size is None and body is not None else size


def texts(place: Place, log: Log) -> list[str]:
    match place:
        case Named(Family.PARAMETER, name):
            return scalars(log.exchange.query_params.get(name, []))
        case Named(family, name):
            lines = headers(log.exchange, family)
            return [value for key, value in lines if key == name]
        case JsonPath(side, steps):
            ends = walk(document(log.exchange, side), steps)
            return [text for end in ends for text in scalars(end)]
        case _:
            return own_texts(place, log)


def own_texts(place: Text, log: Log) -> list[str]:
    row = log.exchange
    urls = [url for url in (row.url, row.client_url) if url is not None]
    parts = [part for url in urls if (part := URL.match(url))]
    found: dict[Text, list[str | None]] = {
        Text.SERVICE: [log.service[0]],
        Text.METHOD: [row.method],
        Text.PATH: [row.path],
        Text.QUERY: [row.url.partition("?")[2] or None],
        Text.URL: [*urls],
        Text.SCHEME: [part[1] for part in parts],
        Text.HOST: [part[2] for part in parts],
        Text.ENDPOINT: [endpoint_of(row.path)],
        Text.ERROR: [row.error],
        Text.NOTE: [log.note],
        Text.TAG: [*row.tags],
        Text.SOURCE: [row.source.value],
        Text.ADDRESS: [row.source_ip],
        Text.REQUEST_BODY: [decoded(row.request_body)],
        Text.RESPONSE_BODY: [decoded(row.response_body)],
    }
    return [text for text in found[place] if text is not None]


def has(place: Amount | Place, log: Log) -> bool:
    match place:
        case Amount():
            return amount(place, log.exchange) is not None
        case Text.REQUEST_BODY:
            return bool(log.exchange.request_body and log.exchange.request_body.kept)
        case Text.RESPONSE_BODY:
            return bool(log.exchange.response_body and log.exchange.response_body.kept)
        case Named(Family.PARAMETER, name):
            return name in log.exchange.query_params
        case Named(family, name):
            return any(key == name for key, _ in headers(log.exchange, family))
        case JsonPath(side, steps):
            return bool(walk(document(log.exchange, side), steps))
        case _:
            return bool(texts(place, log))


def is_so(state: State, log: Log) -> bool:
    row = log.exchange
    bodies = [b for b in (row.request_body, row.response_body) if b is not None]
    match state:
        case State.PINNED:
            return log.pinned
        case State.TRUNCATED:
            return any(body.truncated for body in bodies)
        case State.REDACTED:
            return any(body.state is BodyState.REDACTED for body in bodies)
        case State.WITHHELD:
            return any(body.state is BodyState.WITHHELD for body in bodies)
        case _:
            return (row.status_code or 0) >= 500 or (
                row.error is not None and not row.error.startswith("client_disconnect")
            )


def said(pattern: Pattern, log: Log) -> list[str]:
    """What a word alone is looked for in."""
    row = log.exchange
    query = row.url.partition("?")[2]
    found = [row.path, f"?{query}" if query else ""]
    if isinstance(pattern, Pieces) and len(pattern.pieces) == 3:
        found.append(unquote_plus(query))
    for place in (Text.ERROR, Text.NOTE, Text.TAG, *BODIES):
        found += own_texts(place, log)
    for family in (Family.REQUEST_HEADER, Family.RESPONSE_HEADER):
        found += [f"{name}: {value}" for name, value in headers(row, family)]
    return found


BODIES = (Text.REQUEST_BODY, Text.RESPONSE_BODY)


def headers(row: Exchange, family: Family) -> list[tuple[str, str]]:
    is_sent = family is Family.REQUEST_HEADER
    fields = row.request_headers if is_sent else row.response_headers
    pairs = fields.items() if isinstance(fields, dict) else fields
    return [(name.lower(), text) for name, value in pairs for text in scalars(value)]


def decoded(body: Body | None) -> str | None:
    try:
        return None if body is None else body.kept.decode()
    except UnicodeDecodeError:
        return None


def document(row: Exchange, side: Side) -> list[Any]:
    """The root, if the body is an object or array of JSON."""
    text = decoded(row.request_body if side is Side.REQUEST else row.response_body)
    try:
        value = json.loads(text or "", parse_float=Decimal)
    except ValueError:
        return []
    return [value] if isinstance(value, dict | list) else []


def walk(found: list[Any], steps: Path) -> list[Any]:
    for kind, step in steps:
        found = [end for value in found for end in stepped(value, kind, step)]
    return found


def stepped(value: Any, kind: str, step: str | int) -> list[Any]:
    """One step; arrays are gone into by names, and what is none is one of one item."""
    match kind:
        case "any":
            return value if isinstance(value, list) else [value]
        case "index":
            items = value if isinstance(value, list) else [value]
            return items[int(step) : int(step) + 1]
        case "deep":
            return [
                e for each in descendants(value) for e in stepped(each, "name", step)
            ]
        case _:
            items = value if isinstance(value, list) else [value]
            return [i[step] for i in items if isinstance(i, dict) and step in i]


def descendants(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return [value]
    return [value, *(one for each in inner for one in descendants(each))]


def scalars(value: Any) -> list[str]:
    """The texts of a value, or of an array's items."""
    items = value if isinstance(value, list) else [value]
    return [
        item if isinstance(item, str) else json.dumps(item, default=str).strip('"')
        for item in items
        if not isinstance(item, dict | list)
    ]
