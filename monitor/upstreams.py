"""What a base_url says, and which URLs lie under it."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Upstream:
    """A base_url, taken apart. *authority* is what goes into Host."""

    scheme: str
    host: str
    port: int
    authority: str
    base_path: str
    verify_tls: bool = True

    @property
    def origin(self) -> tuple[str, str, int]:
        return (self.scheme, self.host, self.port)


@lru_cache(maxsize=4096)
def upstream_of(base_url: str, *, verify_tls: bool = True) -> Upstream:
    parts = urlsplit(base_url)
    return Upstream(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        authority=parts.netloc,
        base_path=parts.path.removesuffix("/"),
        verify_tls=verify_tls,
    )


def split_url(url: str) -> tuple[tuple[str, str, int], str]:
    """The origin of *url* and all that follows its authority, byte for byte.

    Raises ValueError where *url* is no http(s) URL, or holds userinfo.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in PORTS:
        raise ValueError("must begin with http:// or https://")
    end = min((rest.find(c) for c in "/?#" if c in rest), default=len(rest))
    authority, target = rest[:end], rest[end:].partition("#")[0]
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
