"""Any query finds what a plain evaluation over the same logs finds, along its index."""

import json
import random
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.errors import InvalidInput
from monitor.logs.filter import LogFilter, Page
from monitor.search.problem import QueryProblem
from monitor.storage.commit.commit import commit
from monitor.storage.database.partitions import Partitions
from monitor.storage.database.pool import Database
from monitor.storage.logs.marks import Marks
from monitor.storage.logs.reader import LogReader
from monitor.traffic.exchange import Body, BodyState, Source, Timings
from tests.support.blocks import make_blocks
from tests.support.exchanges import an_exchange
from tests.support.former_rows import store_as_before
from tests.support.packs import pack_bodies, packed
from tests.support.plain_search import Log, holds
from tests.support.queries import query

WORDS = ["alpha", "Beta", "100%", "under_score", "back\\slash", "o'hara", "a.b", "x*y"]
NAMES = ["x-tenant", "Accept", "x.y"]
HOSTS = ["http://shop.example", "https://api.shop.example:8443", "http://[::1]:80"]
FEW = settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def a_document(chance: random.Random) -> bytes:
    def value(depth: int) -> Any:
        scalars = [chance.choice(WORDS), 3, 3.0, 2.5, -1, True, None, "3"]
        if depth == 0 or chance.random() < 0.4:
            return chance.choice(scalars)
        if chance.random() < 0.4:
            return [value(depth - 1) for _ in range(chance.randint(0, 3))]
        names = chance.sample(["a", "b", "c d"], chance.randint(0, 3))
        return {name: value(depth - 1) for name in names}

    made = value(3)
    wrapped = made if isinstance(made, dict | list) else {"a": made}
    return json.dumps(wrapped).encode()


def a_body(chance: random.Random) -> Body | None:
    kinds = [None, b"", b"\xff\xfe", b'{"a": ', b"DOC", b"DOC", b"WORD", b"LONG"]
    kept = chance.choice(kinds)
    if kept is None:
        return None
    if kept == b"DOC":
        kept = a_document(chance)
    elif kept == b"LONG":
        # Longer than a page.
        document = json.loads(a_document(chance))
        text = json.dumps(
            ["ä" * chance.randint(3_900, 5_000), document], ensure_ascii=False
        )
        kept = text.encode()
    elif kept == b"WORD":
        kept = f"says {chance.choice(WORDS)}\nand {chance.choice(WORDS)}".encode()
    state = chance.choice([BodyState.KEPT, BodyState.KEPT, BodyState.REDACTED])
    return Body(kept=kept, size=len(kept) + chance.choice([0, 0, 5]), state=state)


def some_headers(chance: random.Random) -> Any:
    names = chance.sample(NAMES, chance.randint(0, 3))
    if chance.random() < 0.5:
        return tuple((name.title(), chance.choice([*WORDS, "7"])) for name in names * 2)
    values = [*WORDS, 7, "7", ["Beta", 7], True]
    return {name: chance.choice(values) for name in names}


def an_url(chance: random.Random, params: dict[str, Any]) -> str:
    query = urlencode(params, doseq=True)
    path = chance.choice(["/v1/alpha", "/v1/Beta/7", "/users/7", "/v1/"])
    return f"{chance.choice(HOSTS)}{path}{'?' if query else ''}{query}"


def a_log(chance: random.Random, service_id: UUID) -> Log:
    names, values = (
        ["p", "q", "x y", "many"],
        ["3", "31", "alpha", "", "a+b", ["a", "3"]],
    )
    params = {n: chance.choice(values) for n in chance.sample(names, 2)}
    url = an_url(chance, params if chance.random() < 0.7 else {})
    path = "/" + url.split("://")[1].partition("?")[0].partition("/")[2]

    def sometimes(*values: Any) -> Any:
        return chance.choice([None, *values])

    row = an_exchange(
        service_id,
        source=chance.choice(list(Source)),
        method=chance.choice(["GET", "POST"]),
        url=url,
        path=path,
        client_url=sometimes(
            f"http://proxy.local{path}",
            f"http://pay.local/x{path}{url.partition(path)[2]}",
        ),
        query_params=chance.choice(
            [params, params, {**params, "many": ["a", "3"]}, None]
        ),
        status_code=sometimes(200, 204, 404, 500, 503),
        latency_ms=sometimes(1.0, 50.0, 800.0, 1000.5),
        duration_ms=sometimes(60.0, 2000.0),
        error=sometimes("client_disconnect: gone", "Alpha broke", "dns: x*y"),
        source_ip=sometimes("10.0.0.7", "::1"),
        tags=tuple(chance.sample(["a", "Beta", "x y"], chance.randint(0, 2))),
        request_size=sometimes(0, 10, 20_000),
        response_size=sometimes(0, 10, 20_000),
        request_headers=some_headers(chance),
        response_headers=some_headers(chance),
        request_body=a_body(chance),
        response_body=a_body(chance),
        timings=Timings(
            connect_ms=sometimes(5.0),
            tls_ms=None,
            ttfb_ms=sometimes(5.0, 90.0),
            overhead_ms=None,
        ),
    )
    note = chance.choice([None, None, "Alpha noted", "x\ny"])
    return Log(row, note=note, pinned=chance.random() < 0.2)


def written(text: str) -> str:
    """*text* in quotes, or as a word."""
    return f'"{text}"'.replace("\\", "\\\\")


WORD = st.sampled_from([written(word) for word in WORDS])
PATTERN = st.sampled_from(
    ["a*", "*a", "*a*", "B*a", "*", "x\\*y", "o'h*", "=Beta", "~et", "7"]
) | st.sampled_from(["/^[ab]/", "/ALPHA/i", "/(alpha|beta)$/i", "/[^a-z]/", "/3?1/"])
TEXTS = ["path", "query", "url", "host", "scheme", "tag", "error", "note", "ip"]
BODIES = ["endpoint", "body", "req.body", "res.body"]
HEADERS = ["header.x-tenant", "req.header.accept", "res.header.x.y"]
JSON = ["$.a", "req.$.a.b", "$.a[0]", "$[*].b", "res.$..a", "$['c d']", "$.a[*][*].b"]
NAMED = [*HEADERS, "param.p", "param.many", *JSON]
TIMES = ["latency", "duration", "ttfb", "connect", "tls", "messages"]
STATES = ["pinned", "error", "truncated", "redacted", "withheld", "replay"]
THERE = ["error", "status", "latency", "tag", "note", "body", "req.body", "query"]
VALUES = ["3", ">2", "<=3", "2..3", "2.50", "true", "null", "-1..", "7"]


def term(names: list[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("{}:{}".format, st.sampled_from(names), values)


TERM = st.one_of(
    WORD,
    st.sampled_from(["alpha", "b*a", "/^.?a/", "/x-tenant: [7B]/", "nothing"]),
    term([*TEXTS, *BODIES], WORD | PATTERN),
    term(NAMED, WORD | PATTERN | st.sampled_from([*VALUES, '""'])),
    term(TIMES, st.sampled_from([">50", "<=1000", "50", "5..50", "..90", "800.."])),
    term(["size", "req.size"], st.sampled_from([">10", "<20k", "20000", "0", "10.."])),
    term(["is"], st.sampled_from(STATES)),
    term(["has"], st.sampled_from([*THERE, "messages", *NAMED]).map(written)),
    st.sampled_from(["status:5xx", "status:>=404", "status:200..299", "status:200"]),
    st.sampled_from(["path:/v1/*", "path:/v1", "path:=/v1/", "path:/USERS"]),
    st.sampled_from(["service:pay", "service:P*", "service:nope", "tag:(a OR Beta)"]),
    st.sampled_from(["source:proxy", "method:post", "since:1h", "until:1h"]),
)
QUERY = st.recursive(
    TERM,
    lambda inner: st.one_of(
        st.builds("{} {}".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("{} AND NOT ({})".format, inner, inner),
        st.builds("-({})".format, inner),
    ),
    max_leaves=6,
)


class Stored:
    """Not the logs themselves: what they are would be written out for each query."""

    def __init__(self, logs: list[Log]) -> None:
        self.logs = logs

    def __repr__(self) -> str:
        return f"{len(self.logs)} logs"


@pytest_asyncio.fixture
async def stored(database: Database, service_id: UUID) -> Stored:
    chance = random.Random(7)
    made = [a_log(chance, service_id) for _ in range(150)]
    async with database.connection() as connection:
        await commit(connection, Partitions(), [log.exchange for log in made])
    await store_as_before(database, every=3)
    for n, log in enumerate(made):
        marks = {"note": log.note, "pinned": log.pinned}
        if any(marks.values()):
            await Marks(database).change(log.exchange.id, marks)
        if n == len(made) // 2:
            # Half of them are marked when their blocks are there.
            await make_blocks(database)
    # All but the last few, and the long ones.
    await pack_bodies(database)
    assert await packed(database) > 50
    return Stored(made)


@FEW
@given(texts=st.lists(QUERY, min_size=15, max_size=15))
async def test_any_query_finds_what_a_plain_evaluation_finds(
    database: Database, stored: Stored, texts: list[str]
) -> None:
    reader = LogReader(database, timeout_ms=60_000)
    for text in texts:
        asked = query(text)
        found = await reader.page(LogFilter(query=asked), Page(limit=500))
        expected = [log.exchange.id for log in stored.logs if holds(asked.tree, log)]
        assert [item.id for item in found.items] == expected[::-1], text


PIECE = (
    st.sampled_from(
        ["status:", "path:", "$.a", "header.", "has:", "since:", "5xx", "1h"]
    )
    | st.sampled_from(
        [":", ">=", "..", "(", ")", '"', "\\", "/", "*", "-", " ", "%", "_"]
    )
    | st.sampled_from(
        ["/(/", "/[/", "/a{2}/", "/\\/", "/(?<=a)b/", "OR", "NOT", "AND "]
    )
    | st.sampled_from(
        ["'", ";--", "$1", "{}", "x", "\u00fc", "\n", "\u2028", "\U0001f600"]
    )
)
HOSTILE = st.lists(PIECE, max_size=9).map("".join) | st.text(max_size=12)


@FEW
@given(texts=st.lists(HOSTILE, min_size=25, max_size=25))
async def test_any_text_is_searched_for_or_is_refused_with_a_place(
    database: Database, stored: Stored, texts: list[str]
) -> None:
    reader = LogReader(database, timeout_ms=60_000)
    for text in texts:
        try:
            await reader.page(LogFilter(query=query(text)), Page(limit=1))
        except QueryProblem as problem:
            end = problem.span.offset + problem.span.length
            assert 0 <= problem.span.offset <= end <= len(text), text
        except InvalidInput as refused:
            [error] = refused.errors
            assert error.at is not None, text
            assert text[error.at[0]] == "/", text
