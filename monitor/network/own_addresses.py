"""Our own addresses: which URLs lead to the appliance, as shows without DNS."""

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from monitor.access.hosts import host_name
from monitor.registry.base_url import upstream_of

Address = IPv4Address | IPv6Address

# What systems call the loopback interface beside localhost and the names under it.
LOOPBACK_NAMES = frozenset(
    {
        "localhost",
        "localhost4",
        "localhost6",
        "localhost.localdomain",
        "localhost4.localdomain4",
        "localhost6.localdomain6",
        "ip6-localhost",
        "ip6-loopback",
    }
)
HOSTS_FILE = Path("/etc/hosts")
HOSTS_FILE_BYTES = 256 * 1024


class OwnAddresses:
    """Where app and proxy listen, as (address, port); *names* lead to the app, too."""

    def __init__(
        self, doors: Sequence[tuple[str, int]], *, names: Sequence[str] = ()
    ) -> None:
        self._doors = [(_address(host), port) for host, port in doors]
        self._names = frozenset(filter(None, map(host_name, names)))

    def include(self, base_url: str) -> bool:
        """Whether a service at *base_url* would be the appliance itself."""
        upstream = upstream_of(base_url)
        bound = [address for address, port in self._doors if port == upstream.port]
        if upstream.socket is not None or not bound:
            return False
        name = upstream.host.lower().removesuffix(".")
        address = _address(name)
        if address is not None:
            return _leads_to(address, bound)
        if name in self._names or _is_name_of_this_machine(name):
            return True
        return any(_leads_to(found, bound) for found in _listed(name))


def _address(text: str) -> Address | None:
    """In any spelling that the resolver takes: 127.1, 0x7f000001, ::ffff:127.0.0.1."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(text))
        except (OSError, ValueError):
            return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else IPv4Address(mapped)


def _leads_to(address: Address, bound: Sequence[Address | None]) -> bool:
    """A connection to the unspecified address goes to this machine."""
    if address.is_loopback or address.is_unspecified or address in bound:
        return True
    takes_all = any(one is not None and one.is_unspecified for one in bound)
    return takes_all and _is_of_this_machine(address)


def _is_of_this_machine(address: Address) -> bool:
    """Nothing can be bound to the address of another one; nothing is sent."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _is_name_of_this_machine(name: str) -> bool:
    if name in LOOPBACK_NAMES or name.endswith(".localhost"):
        return True
    whole = socket.gethostname().lower().removesuffix(".")
    first = whole.partition(".")[0]
    return bool(first) and name in (whole, first, f"{first}.local")


def _listed(name: str) -> Iterator[Address]:
    """The addresses of *name* in the system's file of hosts."""
    try:
        with HOSTS_FILE.open("rb") as file:
            content = file.read(HOSTS_FILE_BYTES).decode("utf-8", "replace")
    except OSError:
        return
    for line in content.lower().splitlines():
        words = line.partition("#")[0].split()
        found = _address(words[0]) if name in words[1:] else None
        if found is not None:
            yield found
