"""Base URLs: what one says, and which URLs lie under it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

PORTS: Final = {"http": 80, "https": 443}
# nginx's form of an upstream on a Unix socket: http://unix:/path/to/socket:/base/path.
UNIX: Final = "unix:"
# sun_path of Linux has 108, with the NUL at its end.
MAX_SOCKET_LENGTH: Final = 107


# Its scheme, host and port.
Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A base_url, taken apart. *authority* is what goes into Host.

    *root* is what a URL at this upstream begins with. Those with the same *connections*
    can share them: what was not verified is not used for who wants it verified.
    """

    scheme: str
    host: str
    port: int
    authority: str
    base_path: str
    origin: Origin
    connections: str
    root: str
    verify_tls: bool = True
    socket: str | None = None


@lru_cache(maxsize=4096)
def upstream_of(base_url: str, *, verify_tls: bool = True) -> Upstream:
    if (found := on_socket(base_url)) is not None:
        socket, path = found
        origin = ("http", f"{UNIX}{socket}", 0)
        return Upstream(
            scheme="http",
            host="localhost",
            port=PORTS["http"],
            authority="localhost",
            base_path=path.removesuffix("/"),
            origin=origin,
            connections=f"{UNIX}{socket}",
            root=f"http://{UNIX}{socket}:",
            socket=socket,
        )
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    origin = (parts.scheme, host, port)
    return Upstream(
        scheme=parts.scheme,
        host=host,
        port=port,
        authority=parts.netloc,
        base_path=parts.path.removesuffix("/"),
        origin=origin,
        connections=f"{parts.scheme}://{host}:{port} {verify_tls}",
        root=f"{parts.scheme}://{parts.netloc}",
        verify_tls=verify_tls,
    )


def on_socket(url: str) -> tuple[str, str] | None:
    """The Unix socket that *url* names, and what follows it; None where it names none.

    Nothing is decoded. A colon ends the path of the socket, as in nginx.
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() != "http" or not rest.startswith(f"{UNIX}/"):
        return None
    place = rest.removeprefix(UNIX)
    end = min((place.find(c) for c in ":?#" if c in place), default=len(place))
    return place[:end], place[end:].removeprefix(":")


def split_url(url: str) -> tuple[Origin, str]:
    """The origin of *url* and all that follows its authority, byte for byte.

    Raises ValueError where *url* is no http(s) URL, or holds userinfo.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in PORTS:
        raise ValueError("must begin with http:// or https://")
    if (found := on_socket(url)) is not None:
        socket, target = found
        return (scheme, f"{UNIX}{socket}", 0), target.partition("#")[0]
    authority = authority_of(url)
    target = rest[len(authority) :].partition("#")[0]
    if "@" in authority:
        raise ValueError("must not hold a user or password")
    try:
        parts = urlsplit(f"//{authority}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(
            "must name a host, and a port from 1 to 65535 or none"
        ) from None
    if not host or port == 0:
        raise ValueError("must name a host, and a port from 1 to 65535 or none")
    return (scheme, host, port or PORTS[scheme]), target


def authority_of(url: str) -> str:
    """What stands between the scheme and the path of *url*, which may be any text."""
    rest = url.partition("://")[2]
    end = min((rest.find(c) for c in "/?#" if c in rest), default=len(rest))
    return rest[:end]


def below(upstream: Upstream, url: str) -> str | None:
    """What of *url* follows the base path; None where it does not lie under it.

    Raises ValueError as split_url does.
    """
    origin, target = split_url(url)
    if origin != upstream.origin or not target.startswith(upstream.base_path):
        return None
    rest = target[len(upstream.base_path) :]
    if not rest or rest[0] == "?":
        return f"/{rest}"
    return rest if rest[0] == "/" else None
