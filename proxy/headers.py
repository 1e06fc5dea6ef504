"""Which header fields travel on to the next hop, and which are added."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

# Name and value as they came, in order.
Lines = list[tuple[bytes, bytes]]
Networks = tuple[IPv4Network | IPv6Network, ...]

# RFC 9110: fields about one connection (7.6.1), and those meant for a proxy (11.7).
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
FORWARDED = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-forwarded-prefix",
        b"x-forwarded-port",
        b"x-real-ip",
    }
)
OURS = b"x-monitor-"


def values(lines: Lines, name: bytes) -> list[bytes]:
    """All values of a field; *name* in lower case."""
    return [value for field, value in lines if field.lower() == name]


def text(lines: Lines, name: bytes) -> str | None:
    """A field's values, joined (RFC 9110 5.3)."""
    found = values(lines, name)
    return b", ".join(found).decode("latin-1") if found else None


def options(lines: Lines) -> frozenset[bytes]:
    """The options that Connection names, in lower case (RFC 9110 7.6.1)."""
    named = values(lines, b"connection")
    if not named:
        return frozenset()
    return frozenset(option.strip().lower() for option in b",".join(named).split(b","))


def end_to_end(lines: Lines) -> Lines:
    """What describes the message itself: no hop-by-hop field, none of ours."""
    dropped = HOP_BY_HOP | options(lines)
    return [
        (name, value)
        for name, value in lines
        if (lower := name.lower()) not in dropped and not lower.startswith(OURS)
    ]


def wants_upgrade(lines: Lines) -> bytes | None:
    """The protocols that the sender would switch to (RFC 9110 7.8)."""
    if b"upgrade" not in options(lines):
        return None
    return b", ".join(values(lines, b"upgrade")) or None


def without_cookie(lines: Lines, cookie: bytes) -> Lines:
    """Without the app's own session, which is no business of a service."""
    if not any(cookie in value for name, value in lines if name.lower() == b"cookie"):
        return lines
    kept = []
    for name, value in lines:
        if name.lower() == b"cookie":
            pairs = [
                pair
                for pair in value.split(b";")
                if pair.split(b"=", 1)[0].strip() != cookie
            ]
            value = b";".join(pairs).strip()
            if not value:
                continue
        kept.append((name, value))
    return kept


def without_forwarded(lines: Lines) -> Lines:
    """Without what a client that is not trusted says about where it came from."""
    return [(name, value) for name, value in lines if name.lower() not in FORWARDED]


def with_host(lines: Lines, host: bytes) -> Lines:
    """Host replaced where it stands, or put first."""
    if not values(lines, b"host"):
        return [(b"Host", host), *lines]
    return [(name, host if name.lower() == b"host" else value) for name, value in lines]


def forwarded(lines: Lines, *, peer: str, host: str, proto: str, prefix: str) -> Lines:
    """*lines* with where the request came from, added to what is there (RFC 7239)."""
    node = f'"[{peer}]"' if ":" in peer else peer
    element = f'for={node};host="{host}";proto={proto}'
    made = _appended(lines, b"X-Forwarded-For", peer)
    made = _unless_there(made, b"X-Forwarded-Host", host)
    made = _unless_there(made, b"X-Forwarded-Proto", proto)
    made = _appended(made, b"Forwarded", element)
    if prefix:
        made.append((b"X-Forwarded-Prefix", prefix.encode("latin-1", "replace")))
    return made


@lru_cache(maxsize=4096)
def is_trusted(peer: str, networks: Networks) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in networks)


def client_address(peer: str, lines: Lines, networks: Networks) -> str:
    """The nearest address that is not trusted, going back along X-Forwarded-For."""
    if not is_trusted(peer, networks):
        return peer
    named = text(lines, b"x-forwarded-for")
    if named is None:
        return peer
    address = peer
    for hop in reversed(named.split(",")):
        candidate = hop.strip()
        if not _is_address(candidate):
            return address
        address = candidate
        if not is_trusted(candidate, networks):
            return address
    return address


def _is_address(candidate: str) -> bool:
    try:
        ip_address(candidate)
    except ValueError:
        return False
    return True


def _appended(lines: Lines, name: bytes, value: str) -> Lines:
    lower = name.lower()
    before = values(lines, lower)
    joined = b", ".join([*before, value.encode("latin-1", "replace")])
    return [*(line for line in lines if line[0].lower() != lower), (name, joined)]


def _unless_there(lines: Lines, name: bytes, value: str) -> Lines:
    if values(lines, name.lower()):
        return lines
    return [*lines, (name, value.encode("latin-1", "replace"))]
