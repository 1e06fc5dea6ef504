"""The routing table: which service a name, a host or a prefix means."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from monitor.registry.base_url import Upstream, upstream_of


class ForwardedHeaders(StrEnum):
    """What goes upstream of where a request came from, as of `X-Forwarded-Proto`.

    ADD: what a trusted proxy said, and where the request came in. KEEP: what a trusted
    proxy said, as it came. NONE: nothing.
    """

    ADD = "add"
    KEEP = "keep"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What the data plane has to know of a service: some fields of ServiceResource."""

    id: UUID
    name: str
    slug: str
    base_url: str | None
    hosts: tuple[str, ...] = ()
    preserve_host: bool = False
    forwarded_headers: ForwardedHeaders = ForwardedHeaders.ADD
    verify_tls: bool = True
    body_limit: int | None = None
    redact_fields: tuple[str, ...] = ()
    timeout_s: float = 60.0
    is_recording: bool = True
    expose_log_id: bool = True


class RoutingTable:
    """The services of one moment, found by name, slug or host without regard to case.

    *version* grows with each table that main makes. Not *is_known*: nobody has said
    yet which services there are, neither PostgreSQL nor a kept file.
    """

    def __init__(
        self,
        services: Iterable[Service] = (),
        *,
        version: int = 0,
        is_known: bool = True,
    ) -> None:
        self.services = tuple(services)
        self.version = version
        self.is_known = is_known
        self._slugs = {service.slug.lower(): service for service in self.services}
        self._names = {service.name: service for service in self.services}
        self._folded = {service.name.casefold(): service for service in self.services}
        self._hosts = {
            host.lower(): service for service in self.services for host in service.hosts
        }
        self._ids = {service.id: service for service in self.services}
        self._upstreams = {
            service.slug: upstream_of(service.base_url, verify_tls=service.verify_tls)
            for service in self.services
            if service.base_url is not None
        }

    def by_id(self, id: UUID) -> Service | None:
        return self._ids.get(id)

    def upstream(self, service: Service) -> Upstream | None:
        """Where the requests to one of its services go; None: it has no base_url."""
        return self._upstreams.get(service.slug)

    def by_name(self, name: str) -> Service | None:
        """A service by its slug or its name, as in X-Monitor-Service.

        New names differ by more than their case; of older ones the exact one is meant.
        """
        return (
            self._slugs.get(name.lower())
            or self._names.get(name)
            or self._folded.get(name.casefold())
        )

    def by_slug(self, slug: str) -> Service | None:
        return self._slugs.get(slug.lower())

    def by_host(self, host: str) -> Service | None:
        """A service by a registered host, or by the label of `<slug>.localhost`.

        *host* comes without its port; an IPv6 address in brackets.
        """
        host = host.lower().rstrip(".")
        found = self._hosts.get(host)
        if found is None and host.endswith(".localhost"):
            return self._slugs.get(host.split(".", 1)[0])
        return found
