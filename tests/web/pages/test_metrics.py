"""The metrics as they are served: every figure leads to just its logs."""

import html
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import pytest

from monitor.traffic.endpoint import endpoint_of
from monitor.traffic.exchange import Exchange, Source
from tests.support.page_traffic import held, store, traffic
from tests.support.running import appliance_on, client_of, register
from web.pages.metrics import MAX_ENDPOINTS
from web.views.formats import count, percent
from web.views.windows import Window, beside

LINK = re.compile(r'<a [^>]*href="(/dashboard\?[^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
OLD, NEW = "1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


def links(page: str) -> list[tuple[str, str]]:
    """Where each link to the logs leads, and what its text says."""
    return [
        (html.unescape(target), re.sub(r"<[^>]*>", "", text).strip())
        for target, text in LINK.findall(page)
    ]


def holds(row: Exchange, query: dict[str, str]) -> bool:
    """Whether a list with *query* should hold *row*, computed plainly."""
    left_early = (row.error or "").startswith("client_disconnect")
    is_error = (row.status_code or 0) >= 500 or bool(row.error and not left_early)
    slow = -1.0 if row.latency_ms is None else row.latency_ms
    known = {
        "service_id": str(row.service_id),
        "is_replay": str(row.source is Source.REPLAY).lower(),
        "source": row.source,
        "method": row.method,
        "status_code": str(row.status_code),
        "has_status": str(row.status_code is not None).lower(),
        "endpoint": endpoint_of(row.path),
        "is_error": str(is_error).lower(),
    }
    bounds = (
        row.started_at >= datetime.fromisoformat(query.get("since", OLD)),
        row.started_at < datetime.fromisoformat(query.get("until", NEW)),
        "min_latency_ms" not in query or slow >= float(query["min_latency_ms"]),
    )
    named = set(query) - {"since", "until", "min_latency_ms"}
    return all(bounds) and all(known[name] == query[name] for name in named)


@pytest.mark.parametrize("asked", ["", "?source=replay", "?source=proxy&range=6h"])
async def test_every_figure_leads_to_just_its_logs(
    client: httpx.AsyncClient, database_url: str, asked: str
) -> None:
    service = await register(client)
    rows = traffic(UUID(service["id"]), 300)
    await store(database_url, rows)
    page = await client.get(f"/metrics-ui{asked}")
    assert page.status_code == 200
    found = links(page.text)
    assert len(found) > 100
    counted = dict[str, str]()
    for target, text in found:
        query = dict(parse_qsl(urlsplit(target).query))
        expected = sum(holds(row, query) for row in rows)
        if target not in counted:
            listed = await client.get(target)
            assert listed.status_code == 200, target
            shown = re.search(r'id="count">\s*([\d,]+) log', listed.text)
            assert shown, target
            counted[target] = shown[1]
        assert counted[target] == count(expected), target
        figure = text.split()[-1].replace(",", "")
        if figure.isdecimal():
            assert int(figure) == expected, (target, text)
        elif "%" in text:
            del query["is_error"]
            rate = expected / sum(holds(row, query) for row in rows)
            assert text.endswith(percent(rate)), (target, text)
        else:
            assert "min_latency_ms" in query or text == "these logs", target


async def test_the_time_is_in_the_address(
    client: httpx.AsyncClient, database_url: str
) -> None:
    service = await register(client)
    rows = traffic(UUID(service["id"]), 200)
    await store(database_url, rows)
    measured = [row for row in rows if row.source is not Source.REPLAY]
    since = datetime.now(UTC) - timedelta(hours=6)
    late = [row for row in measured if row.started_at >= since]
    for query, expected in {
        "": measured,
        "range=6h": late,
        "range=all": measured,
        f"range=15m&since={since:%Y-%m-%dT%H:%M:%SZ}": late,
        "since=2001-01-01T00:00:00Z&until=2999-01-01T00:00:00Z": measured,
        "service_id=&source=": measured,
    }.items():
        page = await client.get(f"/metrics-ui?{query}")
        tile = re.search(r'Requests</span> <span class="value">([\d,]+)<', page.text)
        assert tile, query
        assert tile[1] == count(len(expected)), query


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("service_id=abc", "must be a UUID"),
        ("since=yesterday", "is no RFC 3339 time"),
        ("source=mail", "must be one of proxy, ingest, replay"),
        ("range=2y", "must be one of 15m, 1h, 6h, 24h, 7d, 30d, all"),
        ("endpoints=5", "must be all"),
        ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "must be after"),
        ("limit=5", "there is no such parameter"),
        ("range=1h&range=6h", "is given more than once"),
        ("<b>=1", "there is no such parameter"),
    ],
)
async def test_what_is_wrong_is_said_by_its_name(
    client: httpx.AsyncClient, query: str, reason: str
) -> None:
    answer = await client.get(f"/metrics-ui?{query}")
    assert answer.status_code == 422
    assert reason in html.unescape(answer.text)
    assert "Clear all filters" in answer.text
    assert "<b>" not in answer.text


async def test_nothing_to_show_says_what_to_do(client: httpx.AsyncClient) -> None:
    assert "Register a service" in (await client.get("/metrics-ui")).text
    await register(client)
    page = (await client.get("/metrics-ui?range=7d")).text
    assert "No logs in this time" in page
    assert 'href="/metrics-ui?range=30d">30 days</a>' in page
    assert "No logs at all" in (await client.get("/metrics-ui?range=all")).text


async def test_metrics_that_take_too_long_say_how_to_narrow_them(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        appliance_on(database_url, tmp_path, QUERY_TIMEOUT_MS="1000") as appliance,
        client_of(appliance) as client,
        held(database_url, "logs"),
    ):
        answer = await client.get("/metrics-ui?range=all")
        assert answer.status_code == 503
        assert "narrow them with since, until or service_id" in answer.text
        assert "Only the last hour" in answer.text
        assert "Traceback" not in answer.text


async def test_many_endpoints_are_shown_on_demand(
    client: httpx.AsyncClient, database_url: str
) -> None:
    service = await register(client)
    ids = traffic(UUID(service["id"]), 150)
    made = [
        Exchange(
            id=row.id,
            service_id=row.service_id,
            source=Source.PROXY,
            method="GET",
            url=row.url,
            path=f"/word{'x' * n}",
        )
        for n, row in enumerate(ids[:120])
    ]
    await store(database_url, made)
    page = (await client.get("/metrics-ui?range=all")).text
    assert page.count("/wordx") == MAX_ENDPOINTS - 1
    assert "Show 20 more" in page
    page = (await client.get("/metrics-ui?range=all&endpoints=all")).text
    assert "Show 20 more" not in page


def test_windows_move_but_not_into_the_future() -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    hour = timedelta(hours=1)
    moved = beside(Window(None, now - 3 * hour, now - 2 * hour), now)
    assert moved["earlier"] == Window(None, now - 4 * hour, now - 3 * hour)
    assert moved["later"] == Window(None, now - 2 * hour, now - hour)
    assert moved["wider"] == Window(None, now - 3.5 * hour, now - 1.5 * hour)
    moved = beside(Window("1h", now - hour, now), now)
    assert "later" not in moved
    assert moved["wider"] == Window(None, now - 2 * hour, now)
    oldest = datetime(1970, 1, 1, tzinfo=UTC)
    assert set(beside(Window(None, oldest, oldest + hour), now)) == {"later"}
    assert beside(Window("all", None, None), now) == {}
