"""The client of a request, behind the proxies that are trusted."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from aiohttp import web

# The nearest address that is not trusted: of a peer, and what it says of the hops.
Nearest = Callable[[str, list[str] | None], str]


@dataclass(frozen=True, slots=True)
class Client:
    """*key*: what its attempts are counted by.

    It holds the whole way, so that who may reach a trusted proxy, or is taken for one,
    is not taken for another client by naming its address.
    """

    address: str
    key: str


def client_of(request: web.Request, nearest: Nearest) -> Client:
    peer = request.remote or ""
    told = [
        hops
        for hops in (
            _plain(request.headers.getall("X-Forwarded-For", [])),
            _forwarded(request.headers.getall("Forwarded", [])),
        )
        if hops
    ]
    found = [(nearest(peer, hops), hops[-1]) for hops in told]
    # A proxy that writes one field passes the other on as a stranger wrote it.
    if not found or any(address != found[0][0] for address, _ in found):
        return Client(peer, _counted(peer))
    address, last = found[0]
    if address == peer:
        return Client(peer, _counted(peer))
    way = [_counted(address), *([last] if last != address else []), peer]
    return Client(address, " via ".join(way))


def _plain(values: list[str]) -> list[str]:
    return [_address(hop) for value in values for hop in value.split(",")]


def _forwarded(values: list[str]) -> list[str]:
    """The `for` of each hop, RFC 7239; empty where it says none."""
    return [_for(hop) for value in values for hop in value.split(",")]


def _for(hop: str) -> str:
    for pair in hop.split(";"):
        name, _, value = pair.partition("=")
        if name.strip().lower() == "for":
            return _address(value)
    return ""


def _address(node: str) -> str:
    """Without quotes, brackets and port."""
    bare = node.strip().strip('"')
    if bare.startswith("["):
        return bare[1:].partition("]")[0]
    return bare.partition(":")[0] if bare.count(":") == 1 else bare


def _counted(address: str) -> str:
    """Of IPv6 the network: whoever has one address there has all of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address) or parsed.ipv4_mapped:
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
