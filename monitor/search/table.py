"""The table of the query language's fields: a new one is a row here.

Its SQL is in monitor/storage/search/places.py. It is longer than other modules: that
all fields stand in one place is what it is for.
"""

from collections.abc import Callable

from monitor.json.path import parse_path
from monitor.search import given, leaves
from monitor.search.fields import (
    Called,
    Field,
    FieldType,
    choices,
    family,
    find,
    numbers,
    texts,
)
from monitor.search.leaves import always, has
from monitor.search.tree import (
    Amount,
    Family,
    Has,
    Holds,
    Is,
    JsonPath,
    Named,
    Node,
    Not,
    Operator,
    Pieces,
    Place,
    Side,
    State,
    Text,
    whole,
)
from monitor.traffic.exchange import Source

BODIES = (Text.REQUEST_BODY, Text.RESPONSE_BODY)
SOURCES = {
    source.value: always(Holds(Text.SOURCE, whole(source.value, is_cased=True)))
    for source in Source
}
IS = {
    **{state.value: always(Is(state)) for state in State},
    "replay": SOURCES[Source.REPLAY],
    "answered": always(Has(Amount.STATUS)),
    "unanswered": always(Not(Has(Amount.STATUS))),
    "websocket": always(Has(Amount.MESSAGES)),
    "stream": always(Has(Amount.EVENTS)),
}
HAS = {
    "error": always(Has(Text.ERROR)),
    "status": always(Has(Amount.STATUS)),
    "latency": always(Has(Amount.LATENCY)),
    "query": always(Has(Text.QUERY)),
    "tag": always(Has(Text.TAG)),
    "note": always(Has(Text.NOTE)),
    "body": always(has(*BODIES)),
    "req.body": always(Has(Text.REQUEST_BODY)),
    "res.body": always(Has(Text.RESPONSE_BODY)),
    "messages": always(Has(Amount.MESSAGES)),
    "events": always(Has(Amount.EVENTS)),
}


def _header(*families: Family) -> Callable[[str], tuple[Place, ...]]:
    return lambda name: tuple(Named(of, name.lower()) for of in families)


def _parameter(name: str) -> tuple[Place, ...]:
    return (Named(Family.PARAMETER, name),)


def _json(*sides: Side) -> Callable[[str], tuple[Place, ...]]:
    def places(name: str) -> tuple[Place, ...]:
        try:
            steps = parse_path(f"${name}")
        except ValueError as error:
            raise given.Expected(f"a JSON path; this one {error}") from None
        return tuple(JsonPath(side, steps) for side in sides)

    return places


def _has(value: given.Given) -> Node:
    """One of the closed set, or what a family has by a name."""
    named = None if value.operator or value.regex else find(value.text, FIELDS)
    if named is not None and named.field.is_family and named.name:
        return has(*named.places)
    return leaves.choice(HAS)(value)


def _has_header(value: given.Given) -> Node:
    if not value.text or value.operator or value.regex or len(value.pieces) > 1:
        raise given.Expected("the name of a header")
    return Has(Named(Family.RESPONSE_HEADER, value.text.lower()))


def _cookie(value: given.Given) -> Node:
    if not value.text or value.operator or value.regex:
        raise given.Expected("the name of a cookie")
    last = f"{value.pieces[-1]}="
    pieces = (*value.pieces[:-1], last, "")
    cookies = Named(Family.RESPONSE_HEADER, "set-cookie")
    return Holds(cookies, Pieces(pieces))


def field_called(name: str) -> Called | None:
    """By a name of it; that of a family may have none behind it, nor its dot."""
    return find(name, FIELDS) or find(f"{name}.", FIELDS)


COUNT = (FieldType.NUMBER, given.count)
DURATION = (FieldType.DURATION, given.milliseconds)
SIZE = (FieldType.SIZE, given.size)

FIELDS = (
    numbers(
        "status",
        Amount.STATUS,
        (FieldType.NUMBER, given.status),
        "the status of the answer",
        "status:404",
        "status:5xx",
        "status:>=500",
        "status:200..299",
        leaf=leaves.status,
        aliases=("status-code", "status_code", "code"),
    ),
    texts(
        "method",
        (Text.METHOD,),
        "the request's method, in any case",
        "method:POST",
        leaf=leaves.method,
    ),
    texts(
        "path",
        (Text.PATH,),
        "a part of the path, in this case; with `*`, the whole of it",
        "path:/charges",
        "path:/v1/*",
        is_part=True,
        is_cased=True,
    ),
    texts(
        "query",
        (Text.QUERY,),
        "a part of the query string as it was sent",
        'query:"page=3"',
        is_part=True,
        is_listed=False,
        aliases=("query-string",),
    ),
    texts(
        "url",
        (Text.URL,),
        "a part of the URL at the upstream, or as the client asked for it",
        "url:example.com/v1",
        is_part=True,
        is_listed=False,
    ),
    texts(
        "host",
        (Text.HOST,),
        "the host of either URL, without its port",
        "host:api.example.com",
        "host:*.example.com",
        aliases=("domain", "hostname"),
    ),
    texts(
        "scheme",
        (Text.SCHEME,),
        "the scheme of either URL",
        "scheme:https",
        aliases=("protocol",),
    ),
    texts(
        "endpoint",
        (Text.ENDPOINT,),
        "the path with what varies in it named, as the metrics have it",
        "endpoint:/users/{id}",
        is_cased=True,
        aliases=("route",),
    ),
    Field(
        name="service",
        type=FieldType.WORD,
        meaning="the service, by its name, slug or id",
        examples=("service:payments", "service:pay*"),
        leaf=leaves.service,
        places=lambda _: (Text.SERVICE,),
    ),
    texts(
        "tag",
        (Text.TAG,),
        "one of the tags, in this case",
        "tag:health",
        "-tag:bot*",
        is_cased=True,
        aliases=("tags",),
    ),
    choices("source", SOURCES, "where the log came from", "source:proxy"),
    choices("is", IS, "what state the log is in", "is:pinned", "-is:replay"),
    Field(
        name="has",
        type=FieldType.CHOICE,
        meaning="what the log has; also a header, a parameter or a JSON path by name",
        examples=("has:error", "-has:tag", "has:header.authorization"),
        leaf=_has,
        choices=tuple(HAS),
    ),
    numbers(
        "latency",
        Amount.LATENCY,
        DURATION,
        "time to the end of the answer; ms, or with s, m, h, d",
        "latency:>800",
        "latency:1s..5s",
        aliases=("latency_ms", "time"),
    ),
    numbers(
        "duration",
        Amount.DURATION,
        DURATION,
        "time to the last byte that passed",
        "duration:>1m",
    ),
    numbers(
        "ttfb",
        Amount.TTFB,
        DURATION,
        "time to the first byte of the answer",
        "ttfb:>200ms",
    ),
    numbers(
        "connect",
        Amount.CONNECT,
        DURATION,
        "time to connect to the upstream; none where a kept connection was used",
        "connect:>50",
    ),
    numbers(
        "tls", Amount.TLS, DURATION, "time to agree on TLS with the upstream", "tls:>50"
    ),
    numbers(
        "overhead",
        Amount.OVERHEAD,
        DURATION,
        "time that the proxy itself added",
        "overhead:>2",
    ),
    numbers(
        "size",
        Amount.RESPONSE_SIZE,
        SIZE,
        "bytes of the answer's body; with k, M, G (thousands) or ki, Mi, Gi",
        "size:>10k",
        "size:1M..5M",
        aliases=("res.size", "response-size", "response_size"),
    ),
    numbers(
        "req.size",
        Amount.REQUEST_SIZE,
        SIZE,
        "bytes of the request's body",
        "req.size:>1k",
        aliases=("request-size", "request_size"),
    ),
    numbers(
        "larger-than",
        Amount.RESPONSE_SIZE,
        SIZE,
        "answers of more bytes than that",
        "larger-than:1k",
        leaf=lambda value: leaves.beyond(Amount.RESPONSE_SIZE, given.size, value),
    ),
    numbers(
        "messages",
        Amount.MESSAGES,
        COUNT,
        "messages of a WebSocket",
        "messages:>100",
    ),
    numbers("events", Amount.EVENTS, COUNT, "events of a stream", "events:>=1"),
    texts(
        "error",
        (Text.ERROR,),
        "a part of the error",
        "error:timeout",
        "error:/^connect_/",
        is_part=True,
    ),
    texts(
        "note",
        (Text.NOTE,),
        "a part of the note",
        "note:regression",
        is_part=True,
        is_listed=False,
    ),
    texts(
        "ip",
        (Text.ADDRESS,),
        "the client's address",
        "ip:10.0.0.*",
        aliases=("client", "source-ip", "source_ip"),
    ),
    texts(
        "body",
        BODIES,
        "a part of either body, decoded",
        'body:"card declined"',
        "body:/declin(e|ed)/i",
        is_part=True,
        is_listed=False,
    ),
    texts(
        "req.body",
        (Text.REQUEST_BODY,),
        "a part of the request's body",
        "req.body:amount",
        is_part=True,
        is_listed=False,
        aliases=("request.body", "request-body"),
    ),
    texts(
        "res.body",
        (Text.RESPONSE_BODY,),
        "a part of the answer's body",
        "res.body:declined",
        is_part=True,
        is_listed=False,
        aliases=("response.body", "response-body"),
    ),
    family(
        "header.",
        _header(Family.REQUEST_HEADER, Family.RESPONSE_HEADER),
        "a header's value, of the request or the answer",
        "header.x-tenant:acme",
        "header.accept:*json*",
        aliases=("headers.",),
    ),
    family(
        "req.header.",
        _header(Family.REQUEST_HEADER),
        "a header's value in the request",
        "req.header.user-agent:~curl",
        aliases=("request.header.", "req.headers."),
    ),
    family(
        "res.header.",
        _header(Family.RESPONSE_HEADER),
        "a header's value in the answer",
        "res.header.content-length:>1000",
        aliases=("response.header.", "res.headers."),
    ),
    family(
        "param.",
        _parameter,
        "a parameter of the query string, decoded",
        "param.page:3",
        "param.limit:>=100",
        aliases=("params.", "query."),
    ),
    family(
        "$",
        _json(Side.REQUEST, Side.RESPONSE),
        "what a JSON path names in either body; every item of an array",
        "$.error.code:E42",
        "$.items[*].price:>100",
    ),
    family(
        "req.$",
        _json(Side.REQUEST),
        "the same in the request's body",
        "req.$.amount:>1000",
        aliases=("request.$",),
    ),
    family(
        "res.$",
        _json(Side.RESPONSE),
        "the same in the answer's body",
        "res.$.status:failed",
        aliases=("response.$",),
    ),
    texts(
        "mime-type",
        (leaves.CONTENT_TYPE,),
        "the answer's media type, without its parameters, or a part of it",
        "mime-type:application/json",
        "mime-type:image",
        leaf=leaves.mime_type,
        aliases=("content-type", "mime"),
    ),
    Field(
        name="has-response-header",
        type=FieldType.WORD,
        meaning="answers with a header of that name",
        examples=("has-response-header:etag",),
        leaf=_has_header,
    ),
    Field(
        name="set-cookie-name",
        type=FieldType.WORD,
        meaning="answers that set a cookie of that name",
        examples=("set-cookie-name:session",),
        leaf=_cookie,
    ),
    Field(
        name="since",
        type=FieldType.TIME,
        meaning="so long ago or later; also a day or a time, UTC",
        examples=("since:1h", "since:2026-11-24", "since:2026-11-24T13:00:00Z"),
        leaf=leaves.time(Operator.AT_LEAST),
        aliases=("after", "from"),
    ),
    Field(
        name="until",
        type=FieldType.TIME,
        meaning="before that; as since",
        examples=("until:30m", "until:today"),
        leaf=leaves.time(Operator.LESS),
        aliases=("before", "to"),
    ),
    Field(
        name="id",
        type=FieldType.ID,
        meaning="the log of that id, or of the page at that URL",
        examples=("id:0197…",),
        leaf=leaves.log,
        aliases=("log",),
    ),
)
