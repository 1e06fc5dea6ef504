"""Header fields: which travel on to the next hop, and which are added."""

import re
from functools import lru_cache
from typing import Final

from monitor.traffic import header_names
from monitor.traffic.header_names import FORWARDED, HOP_BY_HOP
from monitor.traffic.line import Line, Lines, line

# What a connection's option may say without naming a field of the message.
PLAIN_OPTIONS: Final = frozenset({"", "close"}) | HOP_BY_HOP
NO_OPTIONS: frozenset[str] = frozenset()
# RFC 3986 3.2, without userinfo: nothing that ends an authority or a quoted-string.
# Bytes above 0x7F pass.
NO_AUTHORITY: Final = re.compile(r'[\x00-\x20"/?#@<>\\^`{|}\x7f]')
# Whoever switches to one of these sends further requests in it, unseen by us.
HTTP_AGAIN: Final = re.compile(r"h2c?(?:/.*)?|(?:http|tls)(?:/.*)?", re.IGNORECASE)
# A Content-Length (RFC 9110 8.6), of no more digits than an offset in a file has.
LENGTH: Final = re.compile(r"[0-9]{1,18}")

Named = dict[str, list[str]]


def named(lines: Lines) -> Named:
    """The values of the fields that are looked at, by name in lower case."""
    named: Named = {}
    for found in lines:
        if found.is_asked_for:
            if found.lower in named:
                named[found.lower].append(found.value)
            else:
                named[found.lower] = [found.value]
    return named


def is_authority(text: str) -> bool:
    """Whether *text* can stand in Host; empty can (RFC 9112 3.2)."""
    return NO_AUTHORITY.search(text) is None


def values(lines: Lines, name: str) -> list[str]:
    """All values of a field; *name* in lower case."""
    return [found.value for found in lines if found.lower == name]


def text(lines: Lines, name: str) -> str | None:
    """A field's values, joined (RFC 9110 5.3)."""
    found = values(lines, name)
    return ", ".join(found) if found else None


def options(named: Named) -> frozenset[str]:
    """The options that Connection names, in lower case (RFC 9110 7.6.1)."""
    connection = named.get("connection")
    if connection is None:
        return NO_OPTIONS
    return header_names.options(connection)


def keeps_alive(options: frozenset[str], is_http_1_0: bool) -> bool:
    """Whether the connection goes on after this message (RFC 9112 9.3)."""
    return "close" not in options and (not is_http_1_0 or "keep-alive" in options)


def is_chunked(codings: list[str]) -> bool:
    """Whether the transfer codings are this one and no other."""
    return [coding.lower() for coding in codings] == ["chunked"]


def opaque_protocols(upgrade: str) -> str | None:
    """What *upgrade* lists, without what carries HTTP again; None where that is all.

    Of a WebSocket the messages are recorded, of any other the bytes.
    """
    offered = [part.strip() for part in upgrade.split(",")]
    left = [part for part in offered if part and not HTTP_AGAIN.fullmatch(part)]
    if len(left) == len(offered):
        return upgrade
    return ", ".join(left) or None


def log_in(lines: Lines, name: str) -> bool:
    """Whether credentials or challenges in fields of this *name*, in lower case, are of
    a scheme that logs a connection in."""
    return any([found.names_login and found.lower == name for found in lines])


def end_to_end(lines: Lines, options: frozenset[str]) -> Lines:
    """What describes the message itself: no hop-by-hop field, none of ours.

    *options* are those of Connection: fields that it names stay behind, too.
    """
    passed = [found for found in lines if found.travels]
    if options <= PLAIN_OPTIONS:
        return passed
    return [found for found in passed if found.lower not in options]


def without_cookie(lines: Lines, cookie: str) -> Lines:
    """Without the app's own session, which is no business of a service."""
    return [
        kept for found in lines if (kept := _without_cookie(found, cookie)) is not None
    ]


def _without_cookie(found: Line, cookie: str) -> Line | None:
    value = found.value
    if found.lower != "cookie" or cookie not in value:
        return found
    pairs = [
        pair for pair in value.split(";") if pair.split("=", 1)[0].strip() != cookie
    ]
    left = ";".join(pairs).strip()
    if left == value:
        return found
    return line(found.name, left) if left else None


def without_forwarded(lines: Lines) -> Lines:
    """Without what a client that is not trusted says about where it came from."""
    return [found for found in lines if found.lower not in FORWARDED]


def with_host(lines: Lines, host: str) -> Lines:
    """Host replaced where it stands, or put first; *lines* is changed."""
    for position, found in enumerate(lines):
        if found.lower == "host":
            lines[position] = own_line(found.name, host)
            return lines
    return [line("Host", host), *lines]


# Of names of services' hosts.
@lru_cache(maxsize=1024)
def own_line(name: str, value: str) -> Line:
    """One that we write over and over."""
    return line(name, value)


def with_hops(lines: Lines, hops: int) -> Lines:
    """Max-Forwards replaced where it stands (RFC 9110 7.6.2)."""
    return [
        line(found.name, str(hops)) if found.lower == "max-forwards" else found
        for found in lines
    ]


def forwarded(lines: Lines, *, peer: str, host: str, proto: str, prefix: str) -> Lines:
    """*lines* with where the request came from, added to what is there (RFC 7239)."""
    node = f'"[{peer}]"' if ":" in peer else peer
    made = _appended(lines, "X-Forwarded-For", peer)
    made = _unless_there(made, "X-Forwarded-Host", host)
    made = _unless_there(made, "X-Forwarded-Proto", proto)
    made = _appended(made, "Forwarded", f'for={node};host="{host}";proto={proto}')
    return _below(made, prefix) if prefix else made


def _appended(lines: Lines, name: str, value: str) -> Lines:
    lower = name.lower()
    joined = ", ".join([*values(lines, lower), value])
    return [
        *(found for found in lines if found.lower != lower),
        line(name, joined),
    ]


def _below(lines: Lines, prefix: str) -> Lines:
    """Our prefix lies below that of a trusted proxy before us."""
    outer = outer_prefix(lines)
    kept = [found for found in lines if found.lower != "x-forwarded-prefix"]
    return [*kept, line("X-Forwarded-Prefix", outer + prefix)]


def outer_prefix(lines: Lines) -> str:
    """That of a proxy before us."""
    return "".join(values(lines, "x-forwarded-prefix")).rstrip("/")


def _unless_there(lines: Lines, name: str, value: str) -> Lines:
    if values(lines, name.lower()):
        return lines
    return [*lines, line(name, value)]
