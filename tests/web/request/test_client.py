"""Which client an attempt to sign in is counted for."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from monitor.settings import load
from proxy.routing.trust import Trust
from web.request.client import Client, client_of

TRUST = Trust(load({"APIMONITOR_TRUSTED_PROXIES": "10.0.0.0/8"}).trusted_proxies)
PROXY, CLIENT = "10.0.0.1", "198.51.100.1"
THROUGH = f"{CLIENT} via {PROXY}"
XFF, FORWARDED = "X-Forwarded-For", "Forwarded"


@pytest.mark.parametrize(
    ("peer", "said", "address", "key"),
    [
        ("203.0.113.1", [], "203.0.113.1", "203.0.113.1"),
        # Nobody whom we trust says so.
        ("203.0.113.1", [(XFF, CLIENT)], "203.0.113.1", "203.0.113.1"),
        (PROXY, [(XFF, CLIENT)], CLIENT, THROUGH),
        (PROXY, [(XFF, "x"), (XFF, " 198.51.100.1:80")], CLIENT, THROUGH),
        (
            PROXY,
            [(XFF, "1.1.1.1, 198.51.100.1, 10.0.0.2")],
            CLIENT,
            "198.51.100.1 via 10.0.0.2 via 10.0.0.1",
        ),
        (
            PROXY,
            [(FORWARDED, 'proto=http;For="[2001:db8::7]:80"')],
            "2001:db8::7",
            "2001:db8::/64 via 10.0.0.1",
        ),
        (
            PROXY,
            [(FORWARDED, 'for="a, for=1.1.1.1, for=198.51.100.1')],
            CLIENT,
            THROUGH,
        ),
        (PROXY, [(FORWARDED, "for=unknown")], PROXY, PROXY),
        (PROXY, [(FORWARDED, "proto=https")], PROXY, PROXY),
        (PROXY, [(XFF, "")], PROXY, PROXY),
        # One of them was written by the client itself.
        (PROXY, [(XFF, CLIENT), (FORWARDED, "for=1.1.1.1")], PROXY, PROXY),
        (PROXY, [(XFF, CLIENT), (FORWARDED, "for=198.51.100.1")], CLIENT, THROUGH),
        ("2001:db8::1:2", [], "2001:db8::1:2", "2001:db8::/64"),
        ("::ffff:203.0.113.1", [], "::ffff:203.0.113.1", "203.0.113.1"),
    ],
)
def test_the_client_is_who_the_trusted_proxies_say(
    peer: str, said: list[tuple[str, str]], address: str, key: str
) -> None:
    request = make_mocked_request("POST", "/signin", CIMultiDict(said))
    found = client_of(request.clone(remote=peer), TRUST.client_address)
    assert found == Client(address, key)
