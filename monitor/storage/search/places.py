"""Places of a log, as the query language names them: in which columns they are."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from monitor.json.path import Path
from monitor.search.tree import (
    Amount,
    Family,
    JsonPath,
    Named,
    Pieces,
    Place,
    Side,
    Text,
)
from monitor.storage.search import heads
from monitor.storage.search.joins import BODIES, DETAILS, size_of_log, whole
from monitor.storage.search.where import Conditions

# Of pushed logs there is what was pushed; it is looked for where it counts only.
SIZE = f"""
    (CASE WHEN l.{{0}}_size IS NULL THEN {size_of_log("{0}_body")}
          ELSE l.{{0}}_size END)
"""
OF_LOG = {
    Amount.STATUS: "l.status_code",
    Amount.LATENCY: "l.latency_ms",
    Amount.DURATION: "l.duration_ms",
    Amount.REQUEST_SIZE: SIZE.format("request"),
    Amount.RESPONSE_SIZE: SIZE.format("response"),
    Amount.TIME: "l.ts",
}
OF_DETAILS = {
    Amount.CONNECT: "coalesce(l.connect_ms, d.connect_ms)",
    Amount.TLS: "coalesce(l.tls_ms, d.tls_ms)",
    Amount.TTFB: "coalesce(l.ttfb_ms, d.ttfb_ms)",
    Amount.OVERHEAD: "coalesce(l.overhead_ms, d.overhead_ms)",
    Amount.MESSAGES: "coalesce(l.message_count, d.message_count)",
    Amount.EVENTS: "coalesce(l.event_count, d.event_count)",
}
# Logs of before there was the column have none: each is an endpoint of its own path.
ENDPOINT = "coalesce(l.endpoint, l.path)"
# Decoded text of a body: kept apart where the body is coded, else read in place.
# CASE keeps convert_from from bytes that are no UTF-8.
REQUEST_TEXT: str = f"""
    CASE WHEN b.request_is_text THEN convert_from({whole("request_body")}, 'UTF8')
         ELSE {whole("request_text")} END
"""
RESPONSE_TEXT: str = f"""
    CASE WHEN b.response_is_text THEN convert_from({whole("response_body")}, 'UTF8')
         ELSE {whole("response_text")} END
"""
HOST = r"substring({} FROM '^[^:/?#]+://(?:[^/?#@]*@)?(\[[^]]*\]|[^/?#:]*)')"
SCHEME = "substring({} FROM '^([^:/?#]+)://')"
# Where its parts do not stand in columns of their own, a URL is whole.
BEHIND_ORIGIN = "l.path || coalesce(l.query, '')"
URL = f"coalesce(l.url, l.origin || {BEHIND_ORIGIN})"
CLIENT_URL = f"coalesce(l.client_url, l.client_origin || {BEHIND_ORIGIN})"
URLS = (URL, CLIENT_URL)
# Of a query, and of what has one.
ASKED = "coalesce(l.query, l.url)"
# From its mark on.
QUERY = f"substr({ASKED}, nullif(position('?' IN {ASKED}), 0))"
PARAMETERS = "parameters(l.query_params, l.query)"
TEXTS: dict[Text, tuple[str, ...]] = {
    Text.SERVICE: ("s.name",),
    Text.METHOD: ("l.method",),
    Text.PATH: ("l.path",),
    Text.QUERY: (f"nullif(substr({QUERY}, 2), '')",),
    Text.URL: URLS,
    Text.HOST: tuple(HOST.format(url) for url in URLS),
    Text.SCHEME: tuple(SCHEME.format(url) for url in URLS),
    Text.ENDPOINT: (ENDPOINT,),
    Text.ERROR: ("l.error",),
    Text.NOTE: ("l.note",),
    Text.SOURCE: ("l.source",),
    Text.ADDRESS: ("l.source_ip",),
    Text.REQUEST_BODY: (REQUEST_TEXT,),
    Text.RESPONSE_BODY: (RESPONSE_TEXT,),
}
STORED_BODIES = {
    Text.REQUEST_BODY: "b.request_body",
    Text.RESPONSE_BODY: "b.response_body",
}
SCALARS = "jsonb_typeof(v.document) NOT IN ('object', 'array')"
NUMBER = r"'^-?[0-9]{1,15}(\.[0-9]{1,15})?$'"


@dataclass(frozen=True, slots=True)
class Several:
    """*value*, of each row of *source* that is *wanted*."""

    source: str
    value: str
    wanted: str = "true"
    # What every such log has, told before its document is read.
    likely: str = "true"


def amount(of: Amount, made: Conditions) -> str:
    if of in OF_DETAILS:
        made.see(DETAILS)
        return OF_DETAILS[of]
    return OF_LOG[of]


def as_number(value: str) -> str:
    return f"(CASE WHEN {value} ~ {NUMBER} THEN ({value})::numeric END)"


def any_of(
    place: Place,
    made: Conditions,
    holds: Callable[[str], str],
    part: Pieces | None = None,
) -> str:
    """That one of the texts at *place* is so. *part*: what stands in the JSON of what
    is.
    """
    if isinstance(place, Text) and place is not Text.TAG:
        return _either([holds(column) for column in columns(place, made)])
    if isinstance(place, Named) and place.family is not Family.PARAMETER:
        return heads.any_named(side_of(place.family), place.name, made, holds, part)
    found = several(place, made)
    return f"""
        ({found.likely} AND EXISTS (SELECT 1
                                      FROM {found.source}
                                     WHERE {found.wanted} AND {holds(found.value)}))
    """


def there(place: Place, made: Conditions) -> str:
    """That there is something at *place*."""
    if place is Text.TAG:
        return "cardinality(l.tags) > 0"
    if isinstance(place, Text):
        if place in STORED_BODIES:
            made.see(BODIES)
            return f"octet_length({STORED_BODIES[place]}) > 0"
        there = [f"{column} IS NOT NULL" for column in columns(place, made)]
        return _either(there)
    if isinstance(place, Named) and place.family is not Family.PARAMETER:
        return heads.any_named(side_of(place.family), place.name, made, None)
    found = several(place, made, is_whole=True)
    return f"""
        ({found.likely} AND EXISTS (SELECT 1 FROM {found.source} WHERE {found.wanted}))
    """


def columns(place: Text, made: Conditions) -> tuple[str, ...]:
    if place in STORED_BODIES:
        made.see(BODIES)
    return TEXTS[place]


def several(place: Place, made: Conditions, *, is_whole: bool = False) -> Several:
    """*is_whole*: an array counts, and not its items."""
    match place:
        case Named(Family.PARAMETER, name):
            path = _path((("name", name),), is_whole)
            return _documents(PARAMETERS, path, made, _likely(name, made))
        case Named(family, name):
            return _header(family, name, made)
        case JsonPath(side, steps):
            made.see(BODIES)
            text = REQUEST_TEXT if side is Side.REQUEST else RESPONSE_TEXT
            likely = _names_last(text, steps, made)
            document = f"read_json({text})"
            found = _documents(document, _path(steps, is_whole), made, likely)
            return Several(
                found.source,
                "coalesce(v.document #>> '{}', 'null')",
                "true" if is_whole else SCALARS,
                likely,
            )
        case _:
            return Several("unnest(l.tags) AS v (tag)", "v.tag")


def side_of(family: Family) -> Side:
    return Side.REQUEST if family is Family.REQUEST_HEADER else Side.RESPONSE


def _header(family: Family, name: str, made: Conditions) -> Several:
    side = side_of(family)
    source = heads.lines(side, made)
    return Several(source, "v.value", f"v.name = {made.place(name)}")


def _likely(parameter: str, made: Conditions) -> str:
    """What stands in JSON is quoted, and in a query nothing is that is coded."""
    said = f"position({made.place(quoted(parameter))} IN l.query_params) > 0"
    return f"({said} OR position({made.place(parameter)} IN l.query) > 0)"


def _documents(document: str, path: str, made: Conditions, likely: str) -> Several:
    asked = f"{made.place(path)}::text::jsonpath"
    source = f"jsonb_path_query({document}, {asked}, '{{}}', true)"
    return Several(f"{source} AS v (document)", "(v.document #>> '{}')", likely=likely)


def _names_last(text: str, steps: Path, made: Conditions) -> str:
    """To look for a name takes a tenth of what reading the document does.

    It may be written with escapes: then there is a `\\u`, or a slash.
    """
    names = [step for kind, step in steps if kind in ("name", "deep")]
    if not names or "/" in str(names[-1]):
        return "true"
    name = made.place(quoted(names[-1]))
    return f"(position({name} IN {text}) > 0 OR position('\\u' IN {text}) > 0)"


def _path(steps: Path, is_whole: bool) -> str:
    made = "".join(_step(kind, value) for kind, value in steps)
    return f"${made}" if is_whole else f"${made}[*]"


def _step(kind: str, value: str | int) -> str:
    match kind:
        case "index":
            return f"[{value}]"
        case "any":
            return "[*]"
        case "deep":
            return f".**.{quoted(value)}"
        case _:
            return f".{quoted(value)}"


def quoted(name: str | int) -> str:
    """As it stands in JSON, and in a path through it."""
    return json.dumps(name, ensure_ascii=False)


def _either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"
