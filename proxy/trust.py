"""Whose word is taken for where a request came from."""

from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

Networks = tuple[IPv4Network | IPv6Network, ...]
MOST_KNOWN: Final = 4096


class Trust:
    """The trusted networks; what was found of a peer is remembered, within a bound."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._known: dict[str, bool] = {}

    def covers(self, peer: str) -> bool:
        known = self._known.get(peer)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
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


def _is_address(candidate: str) -> bool:
    try:
        ip_address(candidate)
    except ValueError:
        return False
    return True
