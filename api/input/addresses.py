"""Addresses in bodies of /v1: of services, hosts and receivers."""

import re
from ipaddress import IPv6Address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from api.input.values import described
from monitor.registry.base_url import MAX_SOCKET_LENGTH, UNIX, on_socket

MAX_BASE_URL_LENGTH = 2048
HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)"
    r"(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\Z"
)
AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?\Z")
UNSAFE = re.compile(r"[\x00-\x20\x7f]")


def _base_url(url: str) -> str:
    """Where a service is: a host, or a Unix socket of this machine."""
    scheme, _, place = url.partition(f"://{UNIX}")
    if not place or place[0].isdigit() or scheme.lower() not in ("http", "https"):
        return _http_url(url)
    if UNSAFE.search(url) or not url.isascii():
        raise ValueError("must hold no spaces, control or non-ASCII characters")
    if "?" in url or "#" in url:
        raise ValueError("must have no query and no fragment")
    if scheme.lower() == "https":
        raise ValueError("must begin with http:// for a Unix socket")
    found = on_socket(url)
    if found is None:
        raise ValueError("must have an absolute path of the Unix socket")
    socket, path = found
    if len(socket) > MAX_SOCKET_LENGTH:
        raise ValueError(
            "must have at most "
            f"{MAX_SOCKET_LENGTH} bytes in the path of the Unix socket"
        )
    if path and not path.startswith("/"):
        raise ValueError("must have a path that begins with / after the Unix socket")
    return url


def _http_url(url: str) -> str:
    if UNSAFE.search(url) or not url.isascii():
        raise ValueError("must hold no spaces, control or non-ASCII characters")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user or password")
    if "?" in url or "#" in url:
        raise ValueError("must have no query and no fragment")
    _authority(parts.netloc)
    return url


def http_receiver(url: str) -> str:
    """Where a notification is posted to: a query may be part of it."""
    bare, _, query = url.partition("?")
    if UNSAFE.search(query) or not query.isascii() or "#" in query:
        raise ValueError("must hold no fragment, spaces or non-ASCII characters")
    _http_url(bare)
    return url


def _authority(authority: str) -> None:
    found = AUTHORITY.match(authority)
    if found is None or not found["host"]:
        raise ValueError("must name a host")
    _host(found["host"])
    if found["port"] and not 1 <= int(found["port"]) <= 65535:
        raise ValueError("must have a port from 1 to 65535, or none")


def _host(host: str) -> str:
    lower = host.lower().removesuffix(".")
    if lower.startswith("["):
        return _address(lower)
    if len(lower) > 253 or not HOST.match(lower):
        raise ValueError("must be a host name or an address, without a port")
    return lower


def _address(host: str) -> str:
    """As clients write it in Host: the shortest form (RFC 5952)."""
    if not host.endswith("]") or "%" in host:
        raise ValueError("is no address")
    try:
        return f"[{IPv6Address(host[1:-1])}]"
    except ValueError:
        raise ValueError("is no address") from None


Host = Annotated[
    str,
    Field(max_length=255),
    AfterValidator(_host),
    described(pattern=r"^[^\s/]+$"),
]
BaseUrl = Annotated[
    str,
    Field(min_length=1, max_length=MAX_BASE_URL_LENGTH),
    AfterValidator(_base_url),
    described(pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[!-~]+$"),
]
