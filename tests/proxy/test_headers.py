"""Which fields travel on, which are added, and how answers point back."""

import pytest

from monitor.settings import load
from monitor.upstreams import upstream_of
from proxy import headers
from proxy.rewrite import Entrance, mapped_back
from proxy.trust import Trust

NETWORKS = load({}).trusted_proxies


def test_hop_by_hop_fields_and_those_named_in_connection_stay_behind() -> None:
    lines = [
        (b"Connection", b"close, X-Odd"),
        (b"x-odd", b"1"),
        (b"Keep-Alive", b"5"),
        (b"TE", b"trailers"),
        (b"Transfer-Encoding", b"chunked"),
        (b"X-Monitor-Service", b"pay"),
        (b"A", b"1"),
        (b"a", b"2"),
        (b"A", b"3"),
    ]
    assert headers.end_to_end(lines) == [(b"A", b"1"), (b"a", b"2"), (b"A", b"3")]


@pytest.mark.parametrize(
    ("cookie", "kept"),
    [
        (b"apimonitor_session=x", None),
        (b"a=1; apimonitor_session=x; b=2", b"a=1; b=2"),
        (b"a=1; apimonitor_session2=x", b"a=1; apimonitor_session2=x"),
    ],
)
def test_the_apps_own_session_is_never_forwarded(
    cookie: bytes, kept: bytes | None
) -> None:
    found = headers.without_cookie([(b"Cookie", cookie)], b"apimonitor_session")
    assert found == ([] if kept is None else [(b"Cookie", kept)])


def test_where_a_request_came_from_is_added_to_what_is_known() -> None:
    lines = [(b"X-Forwarded-For", b"9.9.9.9"), (b"X-Forwarded-Proto", b"https")]
    made = dict(
        headers.forwarded(lines, peer="10.0.0.1", host="h:1", proto="http", prefix="/p")
    )
    assert made == {
        b"X-Forwarded-For": b"9.9.9.9, 10.0.0.1",
        b"X-Forwarded-Proto": b"https",
        b"X-Forwarded-Host": b"h:1",
        b"X-Forwarded-Prefix": b"/p",
        b"Forwarded": b'for=10.0.0.1;host="h:1";proto=http',
    }


@pytest.mark.parametrize(
    ("peer", "named", "client"),
    [
        ("8.8.8.8", "1.1.1.1", "8.8.8.8"),
        ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "nonsense, 10.0.0.9", "10.0.0.9"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "1.1.1.1", "1.1.1.1"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_not_trusted(
    peer: str, named: str, client: str
) -> None:
    lines = [(b"X-Forwarded-For", named.encode())]
    assert Trust(NETWORKS).client_address(peer, lines) == client


@pytest.mark.parametrize(
    ("base_url", "prefix", "location", "mapped"),
    [
        ("http://up/v2", "", "http://up/v2/a?b#c", "http://client:8080/a?b#c"),
        ("http://up/v2", "/pay", "http://up/v2", "http://client:8080/pay/"),
        ("http://up/v2", "/pay", "/v2/a", "/pay/a"),
        ("http://up", "/pay", "/a", "/pay/a"),
        ("http://up", "/pay", "//up/a", "http://client:8080/pay/a"),
        ("http://up:80", "", "http://UP/a", "http://client:8080/a"),
        ("http://up/v2", "/pay", "/v22/a", "/v22/a"),
        ("http://up/v2", "/pay", "/other", "/other"),
        ("http://up/v2", "", "https://up/v2/a", "https://up/v2/a"),
        ("http://up/v2", "", "http://else/v2/a", "http://else/v2/a"),
        ("http://up/v2", "/pay", "a/b", "a/b"),
        ("http://up", "", "http://up:bad/", "http://up:bad/"),
    ],
)
def test_a_location_in_the_base_url_points_to_where_the_client_came_in(
    base_url: str, prefix: str, location: str, mapped: str
) -> None:
    entrance = Entrance(proto="http", host="client:8080", prefix=prefix)
    lines = [(b"LOCATION", location.encode())]
    found = mapped_back(lines, upstream_of(base_url), entrance)
    assert found == [(b"LOCATION", mapped.encode())]


@pytest.mark.parametrize(
    ("cookie", "mapped"),
    [
        ("a=1; Path=/v2/x; HttpOnly", "a=1; Path=/pay/x; HttpOnly"),
        ("a=1; path=/v2", "a=1; path=/pay/"),
        ("a=1; Path=/", "a=1; Path=/"),
        ("a=1; Domain=up.example; Secure", "a=1; Secure"),
        ("a=1; Domain=.example", "a=1"),
        ("a=1; Domain=else.org", "a=1; Domain=else.org"),
        ("a=1;  Max-Age=5;SameSite=Lax", "a=1;  Max-Age=5;SameSite=Lax"),
    ],
)
def test_a_cookie_is_for_where_the_client_came_in(cookie: str, mapped: str) -> None:
    entrance = Entrance(proto="http", host="client", prefix="/pay")
    upstream = upstream_of("http://up.example/v2")
    found = mapped_back([(b"Set-Cookie", cookie.encode())], upstream, entrance)
    assert found == [(b"Set-Cookie", mapped.encode())]
