"""Rewriting: an answer that points into the base_url points to where its client is."""

from typing import Final
from urllib.parse import urlsplit

from monitor.registry.base_url import PORTS, Origin, Upstream
from monitor.traffic.line import Line, Lines, line
from proxy.routing.references import Entrance, at_client, climbed, without_dots

LOCATIONS: Final = frozenset({"location", "content-location"})
REWRITTEN: Final = LOCATIONS | {"set-cookie", "service-worker-allowed"}


# A cookie of this name says that it is for the whole host (RFC 6265bis 4.1.3.2).
WHOLE_HOST: Final = "__host-"


def mapped_back(lines: Lines, upstream: Upstream, entrance: Entrance) -> Lines:
    """*lines* with Location, Content-Location and Set-Cookie mapped back."""
    made = []
    for found in lines:
        value = mapped = found.value
        if found.lower in LOCATIONS:
            mapped = _location(value, upstream, entrance)
        elif found.lower == "set-cookie":
            mapped = _cookie(value, upstream, entrance)
        made.append(found if mapped == value else line(found.name, mapped))
    return made


def withheld(lines: Lines, *, cookie: str, prefix: str) -> Lines:
    """*lines* without what would speak for others where the client came in.

    Cookies know no ports: one named as the app's own session, *cookie*, would replace
    it. Below *prefix* a service worker would be given the other services, too.
    """
    return [found for found in lines if not _is_withheld(found, cookie, prefix)]


def _is_withheld(found: Line, cookie: str, prefix: str) -> bool:
    match found.lower:
        case "set-cookie":
            return _cookie_name(found.value) == cookie
        case "service-worker-allowed":
            return prefix != ""
        case _:
            return False


def _cookie_name(value: str) -> str:
    """As it comes back: of `=a=b`, which has no name, a browser makes `a=b`."""
    pair = value.partition(";")[0].lstrip("= \t")
    return pair.partition("=")[0].rstrip(" \t")


def _location(value: str, upstream: Upstream, entrance: Entrance) -> str:
    """Left where it says the same to the client, or points out of the service."""
    if not value.startswith("/") and ":" not in value.partition("/")[0]:
        path = climbed(value, upstream.base_path, entrance)
        return value if path is None else _path(path, value, upstream, entrance)
    if value.startswith("/") and not value.startswith("//"):
        return _path(value, value, upstream, entrance)
    scheme, separator, rest = value.partition("//")
    scheme = scheme.lower()
    if not separator or scheme not in ("", "http:", "https:"):
        return value
    end = min((i for i, c in enumerate(rest) if c in "/?#"), default=len(rest))
    path = rest[end:] if rest[end : end + 1] == "/" else f"/{rest[end:]}"
    mapped = at_client(path, upstream.base_path, entrance)
    if mapped is None:
        return value
    if _is_at_upstream(scheme, rest[:end], upstream):
        return f"{entrance.proto}://{entrance.host}{mapped}"
    own = f"{entrance.proto}:"
    if mapped == path or not _is_same(
        f"{scheme or own}//{rest[:end]}", _origin(f"{own}//{entrance.host}")
    ):
        return value
    return f"{entrance.proto}://{entrance.host}{mapped}"


def _path(path: str, value: str, upstream: Upstream, entrance: Entrance) -> str:
    """An absolute path stays one, unless it would read as that of another host."""
    if not upstream.base_path and not entrance.prefix:
        return value
    mapped = at_client(path, upstream.base_path, entrance)
    if mapped is None:
        return value
    if mapped != path and mapped[1:2] in ("/", "\\"):
        return f"{entrance.proto}://{entrance.host}{mapped}"
    return mapped


def _is_at_upstream(scheme: str, authority: str, upstream: Upstream) -> bool:
    own = (upstream.scheme, upstream.host.lower().rstrip("."), upstream.port)
    return _is_same(f"{scheme or upstream.scheme + ':'}//{authority}", own)


def _is_same(url: str, origin: Origin | None) -> bool:
    return origin is not None and _origin(url) == origin


def _origin(url: str) -> Origin | None:
    """Without the dot that may end a host; None where *url* names none."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        return None
    return parts.scheme, (parts.hostname or "").rstrip("."), port


def _cookie(value: str, upstream: Upstream, entrance: Entrance) -> str:
    """Path mapped; a Domain of the upstream left out, which means the client's host.

    Everything else stays as it is, spaces too.
    """
    parts = value.split(";")
    if _cookie_name(value).lower().startswith(WHOLE_HOST):
        return value
    made = parts[:1]
    for part in parts[1:]:
        name, _, given = part.partition("=")
        match name.strip().lower():
            case "domain" if _is_domain_of(given.strip(), upstream.host):
                continue
            case "path":
                part = _cookie_path(part, name, given.strip(), upstream, entrance)
        made.append(part)
    return ";".join(made)


def _cookie_path(
    part: str, name: str, path: str, upstream: Upstream, entrance: Entrance
) -> str:
    """Browsers resolve no dot segments in it, so that such a path matches nothing."""
    if not path.startswith("/") or without_dots(path) != path:
        return part
    mapped = at_client(path, upstream.base_path, entrance)
    return part if mapped is None or mapped == path else f"{name}={mapped}"


def _is_domain_of(domain: str, host: str) -> bool:
    """RFC 6265 5.1.3."""
    plain = domain.lstrip(".").lower()
    return bool(plain) and (host.lower() == plain or host.lower().endswith(f".{plain}"))
