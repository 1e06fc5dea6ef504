"""Routing: which service a request is for, and what is asked of its upstream."""

from dataclasses import dataclass

from monitor.registry.base_url import Upstream
from monitor.registry.table import RoutingTable, Service


class Routed:
    """*target* goes upstream byte for byte; *prefix* is what the client put before."""

    __slots__ = ("prefix", "service", "target", "upstream")

    def __init__(
        self, service: Service, upstream: Upstream, target: str, prefix: str
    ) -> None:
        self.service = service
        self.upstream = upstream
        self.target = target
        self.prefix = prefix


@dataclass(frozen=True, slots=True)
class Unrouted:
    reason: str
    detail: str


def route(
    table: RoutingTable, *, host: str, target: str, named: str | None
) -> Routed | Unrouted:
    """By X-Monitor-Service, else by host, else by the first segment of the path."""
    if named is not None:
        service = table.by_name(named.strip())
        if service is None:
            return _for_nobody(
                table, "unknown_service", "X-Monitor-Service names no service"
            )
        return _routed(table, service, target, "")
    service = table.by_host(without_port(host))
    if service is not None:
        return _routed(table, service, target, "")
    segment, rest = _first_segment(target)
    # A slug is ASCII; what only lowers to one (U+212A) is not it.
    service = table.by_slug(segment) if segment.isascii() else None
    if service is not None:
        return _routed(table, service, rest, f"/{segment}")
    return _for_nobody(table, "no_service", "no service has this host or path prefix")


def without_port(host: str) -> str:
    """`example.org:80` → `example.org`, `[::1]:80` → `[::1]`."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _for_nobody(table: RoutingTable, reason: str, detail: str) -> Unrouted:
    """While nobody knows the services, nobody can say that it is for none of them."""
    if table.is_known:
        return Unrouted(reason, detail)
    return Unrouted("routes_unknown", "the services are not known yet")


def _routed(
    table: RoutingTable, service: Service, target: str, prefix: str
) -> Routed | Unrouted:
    upstream = table.upstream(service)
    if upstream is None:
        return Unrouted("no_base_url", f"the service {service.slug} has no base_url")
    sent = target if target == "*" else upstream.base_path + target
    return Routed(service, upstream, sent, prefix)


def _first_segment(target: str) -> tuple[str, str]:
    """`/a/b?c` → `a`, `/b?c`; `/a` alone is `/`."""
    query = target.find("?", 1)
    end = target.find("/", 1, len(target) if query < 0 else query)
    if end >= 0:
        return target[1:end], target[end:]
    if query >= 0:
        return target[1:query], f"/{target[query:]}"
    return target[1:], "/"
