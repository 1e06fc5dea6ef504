"""Which service a request is for, and what is asked of its upstream."""

import json
from typing import Any
from uuid import uuid4

import pytest

from monitor.registry.routes_file import load, save
from monitor.registry.table import RoutingTable, Service
from proxy.http1.request import split_target
from proxy.routing.routing import Routed, Unrouted, route


def service(**fields: Any) -> Service:
    made = {"id": uuid4(), "name": "Pay", "slug": "pay", "base_url": "http://up/v2/"}
    return Service(**{**made, **fields})


TABLE = RoutingTable(
    [
        service(),
        service(name="Own", slug="own", hosts=("api.example.org", "[::1]")),
        service(name="Bare", slug="bare", base_url=None),
    ]
)


@pytest.mark.parametrize(
    ("host", "target", "named", "sent", "prefix"),
    [
        ("pay.localhost:8080", "/charge", None, "/v2/charge", ""),
        ("PAY.LocalHost", "/charge", None, "/v2/charge", ""),
        ("localhost:8080", "/pay/charge", None, "/v2/charge", "/pay"),
        ("localhost:8080", "/PAY/charge", None, "/v2/charge", "/PAY"),
        ("localhost", "/pay", None, "/v2/", "/pay"),
        ("localhost", "/pay?x=1", None, "/v2/?x=1", "/pay"),
        ("localhost", "/pay/", None, "/v2/", "/pay"),
        ("localhost", "/pay//a%2Fb;c?", None, "/v2//a%2Fb;c?", "/pay"),
        ("anything", "/pay/x", "Pay", "/v2/pay/x", ""),
        ("anything", "/x", "pay", "/v2/x", ""),
        ("api.example.org:99", "/pay/x", None, "/v2/pay/x", ""),
        ("[::1]:8080", "/x", None, "/v2/x", ""),
    ],
)
def test_a_request_arrives_below_the_base_path(
    host: str, target: str, named: str | None, sent: str, prefix: str
) -> None:
    found = route(TABLE, host=host, target=target, named=named)
    assert isinstance(found, Routed)
    assert (found.target, found.prefix) == (sent, prefix)


def test_of_names_told_apart_by_case_the_exact_one_is_meant() -> None:
    """There are none that are made anew."""
    pair = [service(name="A B", slug="a-b"), service(name="a b", slug="a-b-2")]
    table = RoutingTable(pair)
    assert [table.by_name(one.name) for one in pair] == pair
    assert table.by_name("A b") in pair


@pytest.mark.parametrize("named", [None, "pay"])
def test_nothing_is_nobodys_while_the_services_are_not_known(named: str | None) -> None:
    unknown = RoutingTable(is_known=False)
    found = route(unknown, host="h", target="/pay/x", named=named)
    assert isinstance(found, Unrouted)
    assert found.reason == "routes_unknown"


@pytest.mark.parametrize(
    ("host", "target", "named", "reason"),
    [
        ("pay.localhost", "/pay/x", "nobody", "unknown_service"),
        ("localhost", "/nobody/x", None, "no_service"),
        ("localhost", "/", None, "no_service"),
        ("bare.localhost", "/", None, "no_base_url"),
    ],
)
def test_what_is_for_nobody_says_why(
    host: str, target: str, named: str | None, reason: str
) -> None:
    found = route(TABLE, host=host, target=target, named=named)
    assert isinstance(found, Unrouted)
    assert found.reason == reason


@pytest.mark.parametrize(
    ("target", "authority", "rest"),
    [
        ("/a?b", "h:1", "/a?b"),
        ("http://pay.localhost:8080/a//b?", "pay.localhost:8080", "/a//b?"),
        ("http://pay.localhost", "pay.localhost", "/"),
        ("http://pay.localhost?x", "pay.localhost", "/?x"),
        ("*", "h:1", "*"),
    ],
)
def test_an_absolute_target_stands_for_host(
    target: str, authority: str, rest: str
) -> None:
    assert split_target(target, "h:1") == (authority, rest)


def test_the_table_survives_a_restart(tmp_path: Any) -> None:
    path = tmp_path / "routes.json"
    assert load(path).services == ()
    save(TABLE, path)
    assert load(path).services == TABLE.services
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_table_saved_before_a_field_was_known_still_loads(tmp_path: Any) -> None:
    path = tmp_path / "routes.json"
    save(TABLE, path)
    content = json.loads(path.read_bytes())
    for service in content["services"]:
        del service["verify_tls"], service["forwarded_headers"]
    path.write_text(json.dumps(content))
    assert load(path).services == TABLE.services


def test_a_damaged_table_is_told_from_an_absent_one(tmp_path: Any) -> None:
    path = tmp_path / "routes.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match="not a routing table"):
        load(path)
