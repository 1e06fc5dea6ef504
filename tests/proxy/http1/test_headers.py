"""Which fields travel on, which are added, and how answers point back."""

import pytest

from monitor.registry.base_url import upstream_of
from monitor.settings import load
from monitor.traffic.line import Lines, line
from proxy.http1 import headers
from proxy.http1.lines import KNOWN
from proxy.routing.references import Entrance
from proxy.routing.rewrite import mapped_back, withheld
from proxy.routing.trust import Trust, forwarded_host, forwarded_proto

NETWORKS = load({}).trusted_proxies


def lines_of(*pairs: tuple[str, str]) -> Lines:
    return [line(name, value) for name, value in pairs]


def pairs_of(lines: Lines) -> list[tuple[str, str]]:
    return [found.pair for found in lines]


def test_hop_by_hop_fields_and_those_named_in_connection_stay_behind() -> None:
    lines = lines_of(
        ("Connection", "close, X-Odd"),
        ("x-odd", "1"),
        ("Keep-Alive", "5"),
        ("TE", "trailers"),
        ("Transfer-Encoding", "chunked"),
        ("X-Monitor-Service", "pay"),
        ("A", "1"),
        ("a", "2"),
        ("A", "3"),
    )
    options = headers.options(headers.named(lines))
    kept = headers.end_to_end(lines, options)
    assert pairs_of(kept) == [("A", "1"), ("a", "2"), ("A", "3")]


def test_a_line_that_passes_keeps_its_bytes() -> None:
    raw = b"X-A:\t1  2 "
    [kept] = headers.end_to_end(KNOWN.of(raw + b"\r\n\r\n"), frozenset())
    assert (kept.raw, kept.pair) == (raw, ("X-A", "1  2"))


@pytest.mark.parametrize(
    ("cookie", "kept"),
    [
        ("apimonitor_session=x", None),
        ("a=1; apimonitor_session=x; b=2", "a=1; b=2"),
        ("a=1; apimonitor_session2=x", "a=1; apimonitor_session2=x"),
    ],
)
def test_the_apps_own_session_is_never_forwarded(cookie: str, kept: str | None) -> None:
    found = headers.without_cookie(lines_of(("Cookie", cookie)), "apimonitor_session")
    assert pairs_of(found) == ([] if kept is None else [("Cookie", kept)])


def test_where_a_request_came_from_is_added_to_what_is_known() -> None:
    lines = lines_of(("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-Proto", "https"))
    made = headers.forwarded(
        lines, peer="10.0.0.1", host="h:1", proto="http", prefix="/p"
    )
    assert dict(pairs_of(made)) == {
        "X-Forwarded-For": "9.9.9.9, 10.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "h:1",
        "X-Forwarded-Prefix": "/p",
        "Forwarded": 'for=10.0.0.1;host="h:1";proto=http',
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
    assert Trust(NETWORKS).client_address(peer, [named]) == client


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
        ("http://up/v2", "/pay", "HTTP://Up./v2/a", "http://client:8080/pay/a"),
        ("http://up", "/pay", "http://up?a", "http://client:8080/pay/?a"),
        # What was told is believed, by whole segments.
        ("http://up", "/pay", "/pay/a?b", "/pay/a?b"),
        ("http://up", "/pay", "/pay", "/pay"),
        ("http://up", "/pay", "/pays", "/pay/pays"),
        ("http://up/v2", "/pay", "/pay/a", "/pay/a"),
        ("http://up/pay/v2", "/pay", "/pay/v2/a", "/pay/a"),
        ("http://up", "/pay", "http://up/pay/a", "http://client:8080/pay/a"),
        ("http://up", "/pay", "http://client:8080/pay/a", "http://client:8080/pay/a"),
        ("http://up", "/pay", "http://CLIENT:8080/a", "http://client:8080/pay/a"),
        ("http://up", "/pay", "https://client:8080/a", "https://client:8080/a"),
        ("http://up/v2", "", "http://client:8080/v2/a", "http://client:8080/a"),
        # Outside of the base path, also by dot segments.
        ("http://up/v2", "/pay", "http://up/other", "http://up/other"),
        ("http://up/v2", "/pay", "/v2/../other", "/v2/../other"),
        ("http://up/v2", "", "/v2/%2E%2e/other", "/v2/%2E%2e/other"),
        ("http://up/v2", "/pay", "/x/../v2/./a/..", "/pay/"),
        ("http://up", "/pay", "/pay/../a", "/pay/a"),
        # Never a path that reads as another host's.
        ("http://up/v2", "", "/v2//evil", "http://client:8080//evil"),
        ("http://up/v2", "", "/v2/\\evil", "http://client:8080/\\evil"),
        ("http://up/v2", "", "http:/v2/a", "http:/v2/a"),
        ("http://up/v2", "", "mailto:a@up", "mailto:a@up"),
    ],
)
def test_a_location_in_the_base_url_points_to_where_the_client_came_in(
    base_url: str, prefix: str, location: str, mapped: str
) -> None:
    entrance = Entrance(proto="http", host="client:8080", prefix=prefix)
    lines = lines_of(("LOCATION", location))
    found = mapped_back(lines, upstream_of(base_url), entrance)
    assert pairs_of(found) == [("LOCATION", mapped)]


@pytest.mark.parametrize(
    ("base_path", "prefix", "told", "asked", "location", "mapped"),
    [
        # What an upstream was asked for below its own /api is no prefix of ours.
        ("", "/api", "/api", "/api/users", "/api/users/5", "/api/api/users/5"),
        ("", "/api", "/api", "/users", "/api/users/5", "/api/users/5"),
        # A trusted proxy's prefix lies before ours.
        ("", "/pay", "/outer/pay", "/a", "/outer/pay/b", "/outer/pay/b"),
        ("", "/pay", "/outer/pay", "/a", "/pay/b", "/pay/pay/b"),
        # A relative path that climbs out is that of the upstream.
        ("", "/pay", "/pay", "/a/b?c", "../../../x", "/pay/x"),
        ("", "/pay", "/pay", "/a/b", "../x", "../x"),
        ("", "", "", "/a/b", "../../x", "../../x"),
        ("/v2", "", "", "/v2/a", "../v2/x?y", "/x?y"),
        ("/v2", "", "", "/v2/a", "../x", "../x"),
        ("/v2", "/pay", "/pay", "/v2/a/b", "..%2fx", "..%2fx"),
    ],
)
def test_where_an_answer_points_depends_on_what_was_asked_and_told(
    base_path: str, prefix: str, told: str, asked: str, location: str, mapped: str
) -> None:
    entrance = Entrance("http", "client", prefix, told, asked)
    lines = lines_of(("Content-Location", location))
    found = mapped_back(lines, upstream_of(f"http://up{base_path}"), entrance)
    assert pairs_of(found) == [("Content-Location", mapped)]


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
        ("a=1; Path = /pay", "a=1; Path = /pay"),
        ("a=1; Path=/pay/x", "a=1; Path=/pay/x"),
        ("a=1; Path=/v2/../x", "a=1; Path=/v2/../x"),
        ("a=1; Path=v2", "a=1; Path=v2"),
        ("__Host-a=1; Path=/; Secure", "__Host-a=1; Path=/; Secure"),
    ],
)
def test_a_cookie_is_for_where_the_client_came_in(cookie: str, mapped: str) -> None:
    entrance = Entrance(proto="http", host="client", prefix="/pay")
    upstream = upstream_of("http://up.example/v2")
    found = mapped_back(lines_of(("Set-Cookie", cookie)), upstream, entrance)
    assert pairs_of(found) == [("Set-Cookie", mapped)]


@pytest.mark.parametrize("prefix", ["", "/pay"])
def test_a_cookie_for_the_whole_host_stays_that(prefix: str) -> None:
    entrance = Entrance(proto="http", host="client", prefix=prefix)
    for cookie in ("__Host-a=1; Secure; Path=/", "__HOST-a=1; path=/; Secure"):
        lines = lines_of(("Set-Cookie", cookie))
        assert mapped_back(lines, upstream_of("http://up"), entrance) == lines


@pytest.mark.parametrize(
    ("name", "value", "prefix", "passes"),
    [
        ("Set-Cookie", "apimonitor_session=1; Path=/", "", False),
        ("set-cookie", " apimonitor_session\t= 1", "/pay", False),
        ("Set-Cookie", "apimonitor_session", "", False),
        ("Set-Cookie", "=apimonitor_session=1", "", False),
        ("Set-Cookie", "= =apimonitor_session=1; Secure", "", False),
        ("Set-Cookie", "apimonitor_session2=1", "", True),
        ("Set-Cookie", "a=apimonitor_session=1", "", True),
        ("Set-Cookie", "a=1; apimonitor_session=1", "", True),
        ("Set-Cookie", "Apimonitor_Session=1", "", True),
        ("X-Set-Cookie", "apimonitor_session=1", "", True),
        ("service-Worker-allowed", "/", "/pay", False),
        ("Service-Worker-Allowed", "/", "", True),
    ],
)
def test_what_speaks_for_others_is_withheld(
    name: str, value: str, prefix: str, passes: bool
) -> None:
    lines = lines_of((name, value), ("A", "b"))
    found = withheld(lines, cookie="apimonitor_session", prefix=prefix)
    assert found == lines[0 if passes else 1 :]


@pytest.mark.parametrize(
    ("said", "host", "proto"),
    [
        ("a.example", "a.example", ""),
        ("A-b_c.example.:8443", "A-b_c.example.:8443", ""),
        ("[::1]:80", "[::1]:80", ""),
        ("[fe80::1", "", ""),
        ("[:::1]", "", ""),
        ("a:65536", "", ""),
        ("a:", "", ""),
        ("a b", "", ""),
        ("a/b", "", ""),
        ("a@b", "", ""),
        ("a..b", "", ""),
        ("ö", "", ""),
        ("", "", ""),
        ("HTTPS", "HTTPS", "https"),
        ("http", "http", "http"),
        ("javascript", "javascript", ""),
        ("https://a", "", ""),
        ("wss", "wss", ""),
    ],
)
def test_a_proxy_before_us_may_say_a_host_and_a_scheme(
    said: str, host: str, proto: str
) -> None:
    assert (forwarded_host(said), forwarded_proto(said)) == (host, proto)
