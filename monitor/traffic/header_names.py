"""Header names by what the fields are about: a connection, a sender, the way, us."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

# RFC 9110 7.6.1: one connection. Whatever is derived from these is about it, too.
OF_CONNECTION: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)
# They do not travel on, nor do those meant for a proxy (RFC 9110 11.7; RFC 7540 3.2.1).
# Trailer describes a body that passes with its trailer.
HOP_BY_HOP: Final = OF_CONNECTION | {
    "http2-settings",
    "proxy-authenticate",
    "proxy-authorization",
}
# Whoever sends a message makes them anew.
OF_SENDER: Final = OF_CONNECTION | {"content-length", "expect", "trailer"}
# RFC 9110 6.5.1: what frames, routes or authorizes a message is not for its trailer.
NOT_IN_TRAILER: Final = OF_CONNECTION | {
    "authorization",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "host",
    "proxy-authorization",
    "set-cookie",
    "trailer",
}
# Where a request came from (RFC 7239, and what stands beside it).
FORWARDED: Final = frozenset(
    {
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-prefix",
    }
)
# Without them the next hop would frame or address the message in another way, so a
# sender that names them in Connection does not get its wish.
NEVER_NAMED: Final = frozenset({"content-length", "host"})
# Who asks, or what is asked of them.
CREDENTIALS: Final = frozenset({"authorization", "www-authenticate"})
# What else a proxy has to know of a message.
ASKED_FOR: Final = (
    HOP_BY_HOP
    | FORWARDED
    | CREDENTIALS
    | {"host", "content-length", "content-type", "expect", "via", "max-forwards"}
    | {"cookie", "set-cookie", "location", "content-location", "service-worker-allowed"}
)
# RFC 4559, and what stands beside it: schemes that log in a connection, not a request.
LOGIN_SCHEMES: Final = ("ntlm", "negotiate", "nego2", "kerberos")
LOGIN: Final = re.compile(rf"(?:^|[\s,])(?:{'|'.join(LOGIN_SCHEMES)})(?:$|[\s,:])")
# Longer lists of options are read anew each time.
MAX_KNOWN_LENGTH: Final = 64
OURS: Final = "x-monitor-"
SERVICE: Final = f"{OURS}service"


def name_login(value: str) -> bool:
    """Whether credentials or challenges are of a scheme that logs a connection in."""
    lower = value.lower()
    named = any([scheme in lower for scheme in LOGIN_SCHEMES])
    return named and LOGIN.search(lower) is not None


def options(values: Iterable[str]) -> frozenset[str]:
    """What the *values* of Connection name, in lower case (RFC 9110 7.6.1)."""
    listed = ",".join(values)
    if len(listed) > MAX_KNOWN_LENGTH:
        return _options(listed)
    return _known_options(listed)


def _options(listed: str) -> frozenset[str]:
    found = frozenset([part.strip().lower() for part in listed.split(",")])
    return found - NEVER_NAMED


_known_options = lru_cache(maxsize=1024)(_options)


def connection_options(fields: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The options that a message names: fields of this connection only."""
    return options([value for name, value in fields if name.lower() == "connection"])
