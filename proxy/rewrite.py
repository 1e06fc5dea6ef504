"""How an answer that points into the base_url points to where the client came in."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from monitor.upstreams import Upstream
from proxy.heads import Line, Lines, line

LOCATIONS: Final = frozenset({"location", "content-location"})
REWRITTEN: Final = LOCATIONS | {"set-cookie", "service-worker-allowed"}


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where the client came in: `http`, `localhost:8080`, `/payments-api`."""

    proto: str
    host: str
    prefix: str


def mapped_back(lines: Lines, upstream: Upstream, entrance: Entrance) -> Lines:
    """*lines* with Location, Content-Location and Set-Cookie mapped back."""
    made = []
    for found in lines:
        _, name, value = found
        lower = name.lower()
        if lower in LOCATIONS:
            mapped = _location(value, upstream, entrance)
        elif lower == "set-cookie":
            mapped = _cookie(value, upstream, entrance)
        else:
            mapped = value
        made.append(found if mapped == value else line(name, mapped))
    return made


def withheld(lines: Lines, *, cookie: str, prefix: str) -> Lines:
    """*lines* without what would speak for others where the client came in.

    Cookies know no ports: one named as the app's own session, *cookie*, would replace
    it. Below *prefix* a service worker would be given the other services, too.
    """
    return [found for found in lines if not _is_withheld(found, cookie, prefix)]


def _is_withheld(found: Line, cookie: str, prefix: str) -> bool:
    _, name, value = found
    match name.lower():
        case "set-cookie":
            return _cookie_name(value) == cookie
        case "service-worker-allowed":
            return prefix != ""
        case _:
            return False


def _cookie_name(value: str) -> str:
    """As it comes back: of `=a=b`, which has no name, a browser makes `a=b`."""
    pair = value.partition(";")[0].lstrip("= \t")
    return pair.partition("=")[0].rstrip(" \t")


def _location(value: str, upstream: Upstream, entrance: Entrance) -> str:
    path, is_absolute = _path_at_upstream(value, upstream)
    if path is None:
        return value
    inside = _inside(path, upstream.base_path)
    if inside is None:
        return value
    origin = f"{entrance.proto}://{entrance.host}" if is_absolute else ""
    return f"{origin}{entrance.prefix}{inside}"


def _path_at_upstream(text: str, upstream: Upstream) -> tuple[str | None, bool]:
    """The path, query and fragment of what lies at the upstream's origin."""
    if text.startswith("/") and not text.startswith("//"):
        return text, False
    scheme, separator, rest = text.partition("//")
    if not separator or scheme not in ("", "http:", "https:"):
        return None, False
    end = min((i for i, c in enumerate(rest) if c in "/?#"), default=len(rest))
    if not _is_origin(f"{scheme or upstream.scheme + ':'}//{rest[:end]}", upstream):
        return None, False
    return rest[end:] or "/", True


def _is_origin(url: str, upstream: Upstream) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return False
    return (parts.scheme, (parts.hostname or "").lower(), port) == (
        upstream.scheme,
        upstream.host.lower(),
        upstream.port,
    )


def _inside(path: str, base_path: str) -> str | None:
    """What follows the base path; None if *path* lies outside of it."""
    if not path.startswith(base_path):
        return None
    rest = path[len(base_path) :]
    if rest and rest[0] not in "/?#":
        return None
    return rest if rest.startswith("/") else f"/{rest}"


def _cookie(value: str, upstream: Upstream, entrance: Entrance) -> str:
    """Path mapped; a Domain of the upstream left out, which means the client's host.

    Everything else stays as it is, spaces too.
    """
    parts = value.split(";")
    made = parts[:1]
    for part in parts[1:]:
        name, _, given = part.partition("=")
        match name.strip().lower():
            case "domain" if _is_domain_of(given.strip(), upstream.host):
                continue
            case "path":
                inside = _inside(given.strip(), upstream.base_path)
                if inside is not None:
                    part = f"{name}={entrance.prefix}{inside}"
        made.append(part)
    return ";".join(made)


def _is_domain_of(domain: str, host: str) -> bool:
    """RFC 6265 5.1.3."""
    plain = domain.lstrip(".").lower()
    return bool(plain) and (host.lower() == plain or host.lower().endswith(f".{plain}"))
