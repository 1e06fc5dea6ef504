"""Header names by what the fields are about: a connection, a sender, the way, us."""

from collections.abc import Iterable
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
OURS: Final = "x-monitor-"
SERVICE: Final = f"{OURS}service"


def options(values: Iterable[str]) -> frozenset[str]:
    """What the *values* of Connection name, in lower case (RFC 9110 7.6.1)."""
    found = frozenset([part.strip().lower() for part in ",".join(values).split(",")])
    return found - NEVER_NAMED


def connection_options(fields: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The options that a message names: fields of this connection only."""
    return options([value for name, value in fields if name.lower() == "connection"])
