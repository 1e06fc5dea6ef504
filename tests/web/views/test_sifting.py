"""Plus and minus beside a value lead to lists that the language understands."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.support.queries import query
from web.views.sifting import sift


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


def test_what_a_query_cannot_ask_for_has_neither() -> None:
    for field, value in (
        ("nothing", 1),
        ("tag", ""),
        ("tag", "x" * 201),
        ("tag", "\ud800"),
    ):
        assert sift("", field, value) is None
