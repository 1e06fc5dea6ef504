"""Plus and minus beside a value lead to lists that the language understands."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.support.queries import query
from web.views.sifting import sift, sift_moment


def asked(href: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(href).query)


@pytest.mark.parametrize(
    ("listed", "field", "value", "with_it", "without_it"),
    [
        ("", "status", 404, "status:404", "-status:404"),
        ("status:5xx", "method", "GET", "status:5xx method:GET", None),
        ("a OR b", "service", "Pay 1", '(a OR b) service:"Pay 1"', None),
        ("x -method:GET", "method", "GET", "x method:GET", "x -method:GET"),
        ("method:GET x", "method", "GET", "x method:GET", "x -method:GET"),
        ("", "path", "/a b", 'path:="/a b"', None),
        ("", "header.x-odd", '"><b>\\', r'header.x-odd:"\"><b>\\"', None),
        ("", "$.items[0].id", "7 OR 8", '$.items[0].id:"7 OR 8"', None),
    ],
)
def test_a_value_is_added_to_the_query_or_taken_from_it(
    listed: str, field: str, value: object, with_it: str, without_it: str | None
) -> None:
    given = urlencode({"query": listed, "service_id": "s", "cursor": "c", "limit": 9})
    found = sift(given, field, value)
    assert found
    assert asked(found.with_href) == {"query": [with_it], "service_id": ["s"]}
    [without] = asked(found.without_href)["query"]
    assert without == (without_it or with_it.replace(found.term, f"-{found.term}"))
    for href in (found.with_href, found.without_href):
        query(asked(href)["query"][0])


def test_a_part_of_a_text_and_a_bound_of_a_number_are_asked_for_too() -> None:
    for field, value, operator, term in (
        ("req.body", "a=%3C1", "", 'req.body:"a=%3C1"'),
        ("latency", 12.5, ">=", "latency:>=12.5"),
    ):
        found = sift("", field, value, operator)
        assert found and found.term == term
        query(found.term)


@pytest.mark.parametrize(
    ("listed", "since", "until"),
    [
        ("", "SINCE", "UNTIL"),
        ("since:1h x", "x SINCE", "since:1h x UNTIL"),
        ("x until:30m", "x until:30m SINCE", "x UNTIL"),
        ("since:1h", "SINCE", "since:1h UNTIL"),
        ("a OR b", "(a OR b) SINCE", "(a OR b) UNTIL"),
        ("nosince:1 b", "nosince:1 b SINCE", "nosince:1 b UNTIL"),
    ],
)
def test_a_moment_is_an_end_of_the_list_that_a_log_of_then_is_within(
    listed: str, since: str, until: str
) -> None:
    moment = datetime(2026, 11, 24, 13, 0, 0, 999_500, tzinfo=UTC)
    given = urlencode({"query": listed, "range": "24h", "cursor": "c"})
    found = sift_moment(given, moment)
    for href, wanted in ((found.with_href, since), (found.without_href, until)):
        wanted = wanted.replace("SINCE", "since:2026-11-24T13:00:00.999Z")
        wanted = wanted.replace("UNTIL", "until:2026-11-24T13:00:01.000Z")
        assert asked(href) == {"query": [wanted], "range": ["24h"]}


def test_what_a_query_cannot_ask_for_has_neither() -> None:
    for field, value in (
        ("nothing", 1),
        ("tag", ""),
        ("tag", "x" * 201),
        ("tag", "\ud800"),
    ):
        assert sift("", field, value) is None
