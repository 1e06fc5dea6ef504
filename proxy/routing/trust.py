"""Trust: whose word is taken for where a request came from."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

Networks = tuple[IPv4Network | IPv6Network, ...]
MAX_KNOWN: Final = 4096
SCHEMES: Final = frozenset({"http", "https"})
# Letters, digits, hyphens; and underscores, which names of services hold.
HOST: Final = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
MAX_PORT: Final = 65_535


class Trust:
    """The trusted networks; what was found of a peer is remembered, within a bound."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._known: dict[str, bool] = {}

    def covers(self, peer: str) -> bool:
        known = self._known.get(peer)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[peer] = self._lies_within(peer)
        return known

    def client_address(self, peer: str, named: list[str] | None) -> str:
        """The nearest address that is not trusted, back along X-Forwarded-For."""
        if not named or not self.covers(peer):
            return peer
        address = peer
        for hop in reversed(",".join(named).split(",")):
            candidate = hop.strip()
            if not _is_address(candidate):
                return address
            address = candidate
            if not self.covers(candidate):
                return address
        return address

    def _lies_within(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._networks)


def forwarded_proto(text: str) -> str:
    """What a trusted proxy may say of the scheme; empty where it is none of ours."""
    lower = text.lower()
    return lower if lower in SCHEMES else ""


def forwarded_host(text: str) -> str:
    """A host, and perhaps a port (RFC 9110 7.2); empty where *text* is neither."""
    found = HOST.fullmatch(text)
    if found is None or int(found["port"] or 0) > MAX_PORT:
        return ""
    address = found["address"]
    return "" if address is not None and not _is_address(address) else text


def _is_address(candidate: str) -> bool:
    try:
        ip_address(candidate)
    except ValueError:
        return False
    return True
