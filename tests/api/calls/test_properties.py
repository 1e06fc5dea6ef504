"""What holds for any log, any filter and any metrics, however they came about."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor import times
from monitor.logs.metrics import MAX_ENDPOINTS
from monitor.traffic.endpoint import endpoint_of
from monitor.traffic.mask import MASK
from tests.support.plain_metrics import by_start, expected, is_error
from tests.support.running import LOG, bearer, make_key, register

LINES = "application/x-ndjson"
FEW = settings(
    max_examples=40,
    deadline=None,
    # To shrink what fails takes longer than a test may.
    phases=(Phase.reuse, Phase.generate),
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],
)

# NUL and lone surrogates are refused; all else is a text.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
SCALAR = (
    TEXT
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none()
)
VALUE = SCALAR | st.lists(SCALAR, max_size=3)
SECRET_HEADERS = ["Authorization", "COOKIE", "set-cookie", "X-Api-Key", "x-csrf-token"]
SECRET_PARAMETERS = ["token", "Access_Token", "api_key", "password", "SECRET"]
PLAIN_NAMES = ["page", "X-Request-Id", "Accept", "q", "caf\u00e9", "a b", "", "$.x"]
SEGMENT = st.text("abcXYZ019-._~%+:!*'(),\u00fc \u2713", max_size=10)


def objects(secret: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from([*secret, *PLAIN_NAMES]), VALUE, max_size=5)


@st.composite
def urls(draw: st.DrawFn) -> tuple[str, str]:
    """A URL with and without its secrets."""
    pairs = draw(
        st.lists(
            st.tuples(st.sampled_from([*SECRET_PARAMETERS, "page", "x"]), SEGMENT),
            max_size=3,
        )
    )
    path = draw(SEGMENT)
    user = draw(st.sampled_from(["", "user:pw@", "user@"]))
    given_query = "&".join(f"{name}={value}" for name, value in pairs)
    masked_query = "&".join(
        f"{name}={MASK if name in SECRET_PARAMETERS else value}"
        for name, value in pairs
    )
    shown_user = f"{MASK}@" if user else ""
    return (
        f"https://{user}x.example/{path}?{given_query}",
        f"https://{shown_user}x.example/{path}?{masked_query}",
    )


OPTIONAL = {
    "status_code": st.none() | st.integers(100, 999),
    "latency_ms": st.none()
    | st.integers(0, 10**6)
    | st.floats(0, allow_infinity=False, allow_nan=False),
    "query_params": st.none() | objects(SECRET_PARAMETERS),
    "request_headers": st.none() | objects(SECRET_HEADERS),
    "response_headers": st.none() | objects(SECRET_HEADERS),
    "request_body": st.none() | TEXT,
    "response_body": st.none() | TEXT,
    "error": st.none() | TEXT,
    "source_ip": st.none() | TEXT,
    "tags": st.none() | st.lists(TEXT.filter(bool), max_size=4),
}


def masked(value: Any, secret: Iterable[str]) -> dict[str, Any]:
    return {
        name: ([MASK] * len(item) if isinstance(item, list) else MASK)
        if name in secret
        else item
        for name, item in (value or {}).items()
    }


class Pusher:
    """A service of its own, and what was pushed to it."""

    def __init__(self, client: httpx.AsyncClient, service_id: str, raw: str) -> None:
        self.client = client
        self.service_id = service_id
        self._headers = bearer(raw)

    @classmethod
    async def new(cls, client: httpx.AsyncClient) -> "Pusher":
        service = await register(client, name=f"s {uuid4()}")
        key = await make_key(client, service["id"])
        return cls(client, service["id"], key["raw_key"])

    async def one(self, log: dict[str, Any]) -> str:
        answer = await self.client.post("/v1/logs", json=log, headers=self._headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]  # type: ignore[no-any-return]

    async def many(self, logs: list[dict[str, Any]]) -> list[str]:
        answer = await self.client.post(
            "/v1/logs/batch",
            content="\n".join(map(json.dumps, logs)),
            headers={**self._headers, "Content-Type": LINES},
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["ids"]  # type: ignore[no-any-return]

    async def pages(self, **query: Any) -> list[dict[str, Any]]:
        """All of a list, page by page."""
        found: list[dict[str, Any]] = []
        asked = {"service_id": self.service_id, **query}
        while True:
            answer = await self.client.get("/v1/logs", params=asked)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            asked["cursor"] = page["next_cursor"]


@FEW
@given(
    url=urls(),
    path=TEXT.filter(bool),
    method=st.sampled_from(["get", "POST", "m-search", "x" * 32]),
    optional=st.fixed_dictionaries({}, optional=OPTIONAL),
    is_batch=st.booleans(),
)
async def test_any_log_is_read_back_equal_but_for_what_is_masked(
    client: httpx.AsyncClient,
    url: tuple[str, str],
    path: str,
    method: str,
    optional: dict[str, Any],
    is_batch: bool,
) -> None:
    pusher = await Pusher.new(client)
    log = {"method": method, "url": url[0], "path": path, **optional}
    id = (await pusher.many([log]))[0] if is_batch else await pusher.one(log)
    read = (await client.get(f"/v1/logs/{id}")).json()
    wanted = {
        **dict.fromkeys(OPTIONAL),
        **optional,
        "method": method.upper(),
        "url": url[1],
        "path": path,
        "query_params": masked(optional.get("query_params"), SECRET_PARAMETERS),
        "request_headers": masked(optional.get("request_headers"), SECRET_HEADERS),
        "response_headers": masked(optional.get("response_headers"), SECRET_HEADERS),
        "error": optional.get("error") or None,
        "tags": optional.get("tags") or [],
        "request_body_encoding": "utf-8",
        "response_body_truncated": False,
        "source": "ingest",
        "service_id": pusher.service_id,
    }
    assert {name: read[name] for name in wanted} == wanted
    [item] = await pusher.pages()
    assert item == {name: read[name] for name in item}


WORDS = st.sampled_from(
    ["alpha", "Beta", "100%", "a_b", "ab", "back\\slash", "\u00e9t\u00e9", "o'h", "7"]
)
ROW = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST"]),
        "url": st.just("https://x.example/"),
        "path": WORDS.map(lambda word: f"/{word}"),
        "status_code": st.sampled_from([None, 199, 200, 299, 404, 500, 599, 600]),
        "latency_ms": st.sampled_from([None, 0, 1.5, 50, 100, 1000.25]),
        "error": st.sampled_from([None, "", "client_disconnect: gone", "Alpha broke"]),
        "tags": st.lists(st.sampled_from(["a", "b", "\u00e9"]), max_size=2),
        "request_body": st.none() | WORDS,
        "response_body": st.none() | WORDS,
        "minutes_ago": st.integers(0, 3),
    }
)
FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "method": st.sampled_from(["get", "POST", "PUT"]),
    "path": WORDS | st.sampled_from(["/", "_", "%", "A"]),
    "endpoint": st.sampled_from(["/{id}", "/alpha", "/100%"]),
    "status_code": st.sampled_from([200, 500, 600]),
    "status_class": st.sampled_from(["1xx", "2xx", "5XX"]),
    "has_status": st.booleans(),
    "min_latency_ms": st.sampled_from([0, 1.5, 50]),
    "max_latency_ms": st.sampled_from([0, 50, 1e9]),
    "has_error": st.booleans(),
    "is_error": st.booleans(),
    "tag": st.sampled_from(["a", "\u00e9", "z"]),
    "source": st.sampled_from(["ingest", "proxy"]),
    "is_replay": st.booleans(),
    "since": st.integers(0, 4),
    "until": st.integers(0, 4),
    "q": WORDS.map(str.upper) | st.sampled_from(["%", "_", "\\", "BROKE", "/"]),
}


def texts(row: dict[str, Any]) -> list[str]:
    names = ("path", "request_body", "response_body", "error")
    return [text.lower() for text in (*(row[n] or "" for n in names), *row["tags"])]


# What a filter means, in plain Python.
PLAIN: dict[str, Any] = {
    "method": lambda row, value: row["method"] == value.upper(),
    "path": lambda row, value: value in row["path"],
    "endpoint": lambda row, value: endpoint_of(row["path"]) == value,
    "status_code": lambda row, value: row["status_code"] == value,
    "status_class": lambda row, value: (
        (row["status_code"] or 0) // 100 == int(value[0])
    ),
    "has_status": lambda row, value: (row["status_code"] is not None) == value,
    "min_latency_ms": lambda row, value: (
        row["latency_ms"] is not None and row["latency_ms"] >= value
    ),
    "max_latency_ms": lambda row, value: (
        row["latency_ms"] is not None and row["latency_ms"] <= value
    ),
    "has_error": lambda row, value: bool(row["error"]) == value,
    "is_error": lambda row, value: is_error(row) == value,
    "tag": lambda row, value: value in row["tags"],
    "source": lambda row, value: value == "ingest",
    "is_replay": lambda row, value: not value,
    "since": lambda row, value: row["timestamp"] >= value,
    "until": lambda row, value: row["timestamp"] < value,
    "q": lambda row, value: any(value.lower() in text for text in texts(row)),
}


def as_query(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@FEW
@given(
    rows=st.lists(ROW, min_size=1, max_size=25),
    asked=st.lists(
        st.sets(st.sampled_from(sorted(FILTERS)), max_size=3).flatmap(
            lambda names: st.fixed_dictionaries(
                dict[str, Any]((n, FILTERS[n]) for n in names)
            )
        ),
        min_size=3,
        max_size=6,
    ),
    limit=st.sampled_from([1, 4, 500]),
)
async def test_any_filter_finds_what_a_plain_one_finds(
    client: httpx.AsyncClient,
    rows: list[dict[str, Any]],
    asked: list[dict[str, Any]],
    limit: int,
) -> None:
    pusher = await Pusher.new(client)
    now = datetime.now(UTC)
    minutes = [times.format(now - timedelta(minutes=n)) for n in range(5)]
    logs = [{**row, "timestamp": minutes[row.pop("minutes_ago")]} for row in rows]
    ids = await pusher.many(logs)
    for values in asked:
        chosen: dict[str, Any] = dict(values)
        for name in {"since", "until"} & chosen.keys():
            chosen[name] = minutes[chosen[name]]
        query = {name: as_query(value) for name, value in chosen.items()}
        wanted = [
            (log["timestamp"], id)
            for log, id in zip(logs, ids, strict=True)
            if all(PLAIN[name](log, value) for name, value in chosen.items())
        ]
        found = await pusher.pages(limit=limit, **query)
        assert [item["id"] for item in found] == sorted(
            (id for _, id in wanted), reverse=True
        ), query
        moments = [item["timestamp"] for item in found]
        assert moments == sorted((moment for moment, _ in wanted), reverse=True)


@pytest.mark.parametrize("limit", [1, 7, 50])
async def test_pages_give_each_log_once_while_others_are_stored(
    client: httpx.AsyncClient, limit: int
) -> None:
    """By many at once, and into the past that is still to be read."""
    pusher = await Pusher.new(client)
    now = datetime.now(UTC)

    def dated(n: int) -> dict[str, Any]:
        moment = now - timedelta(seconds=n % 600)
        return {**LOG, "timestamp": times.format(moment)}

    there = set(await pusher.many([dated(n * 7) for n in range(150)]))
    done = asyncio.Event()
    written: set[str] = set()

    async def write(first: int) -> None:
        # Bounded: what is stored behind the reader makes its way longer.
        for n in range(first, 600, 13):
            if done.is_set():
                return
            if first == 0:
                written.update(await pusher.many([dated(n + 1), LOG]))
            else:
                written.add(await pusher.one(dated(n)))

    async with asyncio.TaskGroup() as group:
        for first in range(4):
            group.create_task(write(first))
        while len(written) < 20:
            await asyncio.sleep(0.01)
        try:
            found = [item["id"] for item in await pusher.pages(limit=limit)]
        finally:
            done.set()
    assert len(written) > 20
    assert len(found) == len(set(found))
    assert there <= set(found)
    assert found == sorted(found, reverse=True)
    # One that began before another one may be stored after it, and is not made up for;
    # a list that begins anew has them all.
    assert {item["id"] for item in await pusher.pages(limit=500)} == there | written


MEASURED = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "PROPFIND"]),
        "url": st.just("https://x.example/"),
        "path": st.sampled_from(["/users/7", "/users/8", "/orders", "/o/{id}", "/"]),
        "status_code": st.sampled_from([None, 101, 200, 404, 499, 500, 999]),
        "latency_ms": st.none() | st.floats(0, 1e6) | st.integers(0, 100),
        "error": st.sampled_from([None, "client_disconnect: gone", "broken", ""]),
        "seconds_ago": st.floats(0, 7_000),
    }
)


@FEW
@given(
    rows=st.lists(MEASURED, min_size=1, max_size=60),
    ends=st.tuples(st.integers(0, 7_200), st.integers(0, 7_200)),
    is_bounded=st.booleans(),
)
async def test_any_metrics_equal_a_plain_computation_and_sum_up(
    client: httpx.AsyncClient,
    rows: list[dict[str, Any]],
    ends: tuple[int, int],
    is_bounded: bool,
) -> None:
    pusher = await Pusher.new(client)
    now = datetime.now(UTC)
    for row in rows:
        row["timestamp"] = times.format(now - timedelta(seconds=row.pop("seconds_ago")))
    await pusher.many(rows)
    query = {"service_id": pusher.service_id}
    if is_bounded and ends[0] != ends[1]:
        query["since"] = times.format(now - timedelta(seconds=max(ends)))
        query["until"] = times.format(now - timedelta(seconds=min(ends)))
    logs = [
        row
        for row in rows
        if query.get("since", "") <= row["timestamp"] < query.get("until", "9")
    ]

    async def ask(path: str) -> dict[str, Any]:
        answer = await client.get(f"/v1/metrics{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def check(found: dict[str, Any], of: list[dict[str, Any]]) -> None:
        for name, value in expected(of).items():
            assert found[name] == pytest.approx(value), name

    totals = await ask("")
    assert totals["total_requests"] == len(logs)
    check(totals, logs)
    assert totals["by_method"] == Counter(log["method"] for log in logs)
    assert totals["by_status"] == Counter(
        str(log["status_code"] or "none") for log in logs
    )
    assert sum(totals["by_method"].values()) == len(logs)
    assert sum(totals["by_status"].values()) == len(logs)

    series = await ask("/timeseries")
    assert series["total_requests"] == len(logs)
    buckets = by_start(series)
    for start, end, bucket in buckets:
        inside = [log for log in logs if start <= log["timestamp"] < end]
        assert bucket["requests"] == len(inside), start
        check(bucket, inside)
    assert sum(bucket["requests"] for _, _, bucket in buckets) == len(logs)

    ends_found = await ask("/endpoints")
    assert ends_found["total_requests"] == len(logs)
    places = Counter((log["method"], endpoint_of(log["path"])) for log in logs)
    assert places == {
        (row["method"], row["endpoint"]): row["requests"]
        for row in ends_found["endpoints"]
    }
    for row in ends_found["endpoints"]:
        place = (row["method"], row["endpoint"])
        check(
            row,
            [log for log in logs if (log["method"], endpoint_of(log["path"])) == place],
        )


async def test_endpoints_beyond_the_bound_are_one_row_and_still_sum_up(
    client: httpx.AsyncClient,
) -> None:
    pusher = await Pusher.new(client)
    # So few words a place that none of them is taken for a parameter.
    words = ["".join(word) for word in itertools.product("abcdefg", repeat=2)][:42]
    each = itertools.product(("GET", "POST", "PUT"), words, words[:9])
    logs = [
        {**LOG, "method": method, "path": f"/{first}/{second}", "status_code": 500}
        for method, first, second in itertools.islice(each, MAX_ENDPOINTS + 50)
    ]
    await pusher.many([*logs, *logs[:100]])
    found = (await client.get("/v1/metrics/endpoints")).json()
    assert found["total_requests"] == len(logs) + 100
    assert len(found["endpoints"]) == MAX_ENDPOINTS + 1
    rest = found["endpoints"][-1]
    assert (rest["method"], rest["endpoint"]) == (None, None)
    assert (rest["requests"], rest["error_count"]) == (50, 50)
    assert sum(row["requests"] for row in found["endpoints"]) == len(logs) + 100
    assert sum(row["error_count"] for row in found["endpoints"]) == len(logs) + 100


EACH = {
    "service_id": None,
    "condition_field": "error",
    "condition_operator": "==",
    "condition_value": "false",
}


async def test_a_total_is_exact_to_ten_thousand_and_null_beyond(
    client: httpx.AsyncClient,
) -> None:
    pusher = await Pusher.new(client)
    rule = await client.post("/v1/alerts", json={"name": "each", **EACH})
    lists = ("/v1/logs?limit=1", f"/v1/alerts/{rule.json()['id']}/events?limit=1")
    await pusher.many([LOG] * 10_000)
    for path in lists:
        page = (await client.get(path)).json()
        assert (page["total"], page["total_at_least"]) == (10_000, 10_000), path
    await pusher.one(LOG)
    for path in lists:
        page = (await client.get(path)).json()
        assert (page["total"], page["total_at_least"]) == (None, 10_000), path
    for path in ("/dashboard", f"/alerts-ui?alert={rule.json()['id']}"):
        assert "10,000+" in (await client.get(path)).text, path
    page = (await client.get("/v1/logs?limit=1&offset=10000")).json()
    assert len(page["items"]) == 1
    assert page["next_cursor"] is None
