"""Which header fields travel on to the next hop, and which are added."""

import re

# Name and value as they came, in order.
Lines = list[tuple[bytes, bytes]]

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
    }
)
# Without them the next hop would frame or address the message in another way, so a
# sender that names them in Connection does not get its wish.
NEVER_NAMED = frozenset({b"content-length", b"host"})
OURS = b"x-monitor-"
# RFC 3986 3.2, without userinfo: nothing that ends an authority or a quoted-string.
# Bytes above 0x7F pass.
NO_AUTHORITY = re.compile(r'[\x00-\x20"/?#@<>\\^`{|}\x7f]')


def is_authority(text: str) -> bool:
    """Whether *text* can stand in Host; empty can (RFC 9112 3.2)."""
    return NO_AUTHORITY.search(text) is None


def by_name(lines: Lines) -> dict[bytes, list[bytes]]:
    """The values of each field, its name in lower case."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in lines:
        found.setdefault(name.lower(), []).append(value)
    return found


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
    found = frozenset(option.strip().lower() for option in b",".join(named).split(b","))
    return found - NEVER_NAMED


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
    if not any(name.lower() in FORWARDED for name, _ in lines):
        made = [
            *lines,
            (b"X-Forwarded-For", peer.encode("latin-1", "replace")),
            (b"X-Forwarded-Host", host.encode("latin-1", "replace")),
            (b"X-Forwarded-Proto", proto.encode("latin-1", "replace")),
            (b"Forwarded", element.encode("latin-1", "replace")),
        ]
        return _below(made, prefix) if prefix else made
    made = _appended(lines, b"X-Forwarded-For", peer)
    made = _unless_there(made, b"X-Forwarded-Host", host)
    made = _unless_there(made, b"X-Forwarded-Proto", proto)
    made = _appended(made, b"Forwarded", element)
    return _below(made, prefix) if prefix else made


def _appended(lines: Lines, name: bytes, value: str) -> Lines:
    lower = name.lower()
    before = values(lines, lower)
    joined = b", ".join([*before, value.encode("latin-1", "replace")])
    return [*(line for line in lines if line[0].lower() != lower), (name, joined)]


def _below(lines: Lines, prefix: str) -> Lines:
    """Our prefix lies below that of a trusted proxy before us."""
    outer = b"".join(values(lines, b"x-forwarded-prefix")).rstrip(b"/")
    kept = [line for line in lines if line[0].lower() != b"x-forwarded-prefix"]
    return [*kept, (b"X-Forwarded-Prefix", outer + prefix.encode("ascii"))]


def _unless_there(lines: Lines, name: bytes, value: str) -> Lines:
    if values(lines, name.lower()):
        return lines
    return [*lines, (name, value.encode("latin-1", "replace"))]
