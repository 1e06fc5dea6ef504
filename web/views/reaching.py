"""Ways to a service through the proxy, ready to copy and to open."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from monitor.access.hosts import is_loopback_name
from monitor.registry.resources import ServiceResource
from monitor.registry.table import RoutingTable
from web.parts import PageParts

ITSELF = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Way:
    """*url* is None where a browser cannot go by itself."""

    name: str
    command: str
    note: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """Where clients reach the proxy: *port* with its colon, *path* without an end."""

    scheme: str
    host: str
    port: str
    path: str

    @property
    def is_loopback(self) -> bool:
        return is_loopback_name(self.host)

    def url(self, host: str | None = None, below: str = "") -> str:
        return f"{self.scheme}://{host or self.host}{self.port}{self.path}{below}/"


def ways_to(
    service: ServiceResource, parts: PageParts, request: web.Request
) -> list[Way]:
    """Those that lead to *service* now; none where it has no base_url."""
    if service.base_url is None:
        return []
    door, table = _door(parts, request), parts.routes()
    return [
        *(_by_host(door, host, "own host", "Registered.") for host in service.hosts),
        *_by_label(door, service, table),
        *_by_prefix(door, service, table),
        Way(
            "header",
            f"curl -i -H 'X-Monitor-Service: {service.slug}' {door.url()}",
            "For clients that can set a header; it is not sent on.",
        ),
    ]


def _door(parts: PageParts, request: web.Request) -> Door:
    """As it was set; else the host by which the page was asked for."""
    if parts.settings.public_proxy_url is None:
        url = urlsplit(f"//{request.host}")
        return Door("http", _host(url.hostname), f":{parts.proxy_port}", "")
    url = urlsplit(parts.settings.public_proxy_url)
    port = "" if url.port is None else f":{url.port}"
    return Door(url.scheme, _host(url.hostname), port, url.path.rstrip("/"))


def _host(name: str | None) -> str:
    name = name or "localhost"
    return f"[{name}]" if ":" in name else name


def _by_host(door: Door, host: str, name: str, note: str) -> Way:
    """A loopback host is the client's own: from elsewhere it is only said."""
    if is_loopback_name(host) and not door.is_loopback:
        return Way(name, f"curl -i -H 'Host: {host}' {door.url()}", note)
    return Way(name, f"curl -i {door.url(host)}", note, door.url(host))


def _by_label(
    door: Door, service: ServiceResource, table: RoutingTable
) -> Iterator[Way]:
    host = f"{service.slug}.localhost"
    found = table.by_host(host)
    if host not in service.hosts and (found is None or found.id == service.id):
        note = "Browsers and curl resolve *.localhost by themselves."
        if not door.is_loopback:
            note = "The Host alone says which service is meant."
        yield _by_host(door, host, "host", note)


def _by_prefix(
    door: Door, service: ServiceResource, table: RoutingTable
) -> Iterator[Way]:
    """Where a host is a service's, prefixes are paths of that service."""
    host = "localhost" if door.host.endswith(".localhost") else door.host
    taken = ITSELF if host in ITSELF else {host}
    if any(table.by_host(each) for each in taken):
        return
    url = door.url(host, f"/{service.slug}")
    note = "The first segment of the path; it is not sent on."
    yield Way("prefix", f"curl -i {url}", note, url)
