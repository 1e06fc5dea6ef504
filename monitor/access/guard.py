"""The guard of hosts and origins: what a foreign page could make a browser ask."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.access.hosts import host_name, is_loopback_name
from monitor.errors import Forbidden
from monitor.settings import SettingsError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITES = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What the guard asks of a request; header values, None where not sent."""

    method: str
    host: str | None
    origin: str | None = None
    sec_fetch_site: str | None = None
    sec_fetch_mode: str | None = None
    sec_fetch_dest: str | None = None

    @classmethod
    def of(cls, method: str, headers: Mapping[str, str]) -> "RequestFacts":
        """The same of a call and of a page; *headers* are found in any case."""
        return cls(
            method=method,
            host=headers.get("Host"),
            origin=headers.get("Origin"),
            sec_fetch_site=headers.get("Sec-Fetch-Site"),
            sec_fetch_mode=headers.get("Sec-Fetch-Mode"),
            sec_fetch_dest=headers.get("Sec-Fetch-Dest"),
        )


class Guard:
    """Lets in what is asked of loopback names and of *allowed_hosts*, by own pages."""

    def __init__(self, allowed_hosts: Iterable[str]) -> None:
        self._allowed = frozenset(map(_listed_host, allowed_hosts))

    def check(self, facts: RequestFacts) -> None:
        """Refuse what a foreign page could make a browser ask. Raises Forbidden."""
        if not self._is_ours(facts.host):
            raise Forbidden(
                "the app is not known by this Host; add it to ALLOWED_HOSTS"
            )
        if facts.method in SAFE_METHODS:
            if facts.sec_fetch_site == "cross-site" and not _is_navigation(facts):
                raise Forbidden(
                    "a page of another site may not read this; the app's own pages "
                    "are at loopback names and those in ALLOWED_HOSTS"
                )
            return
        if not _is_own_origin(facts):
            raise Forbidden(
                "a page of another origin may not change anything here; if this is "
                "the app's own page, check ALLOWED_HOSTS and what a proxy makes of Host"
            )

    def _is_ours(self, host: str | None) -> bool:
        name = host_name(host or "")
        if name is None:
            return False
        return name in self._allowed or is_loopback_name(name)


def _listed_host(host: str) -> str:
    """An IPv6 address may be listed without its brackets. Raises SettingsError."""
    name = host_name(host) or host_name(f"[{host}]")
    if name is None:
        raise SettingsError(f"ALLOWED_HOSTS: {host!r} is no host name")
    return name


def _is_own_origin(facts: RequestFacts) -> bool:
    """By Sec-Fetch-Site, else by Origin; a client that sends neither is no browser."""
    if facts.sec_fetch_site is not None:
        return facts.sec_fetch_site in OWN_SITES
    if facts.origin is None:
        return True
    # TLS may end before us, so that the scheme is not compared.
    _, _, authority = facts.origin.partition("://")
    return bool(authority) and authority.lower() == (facts.host or "").lower()


def _is_navigation(facts: RequestFacts) -> bool:
    """At the top level: a frame navigates too, and says so in its destination."""
    is_top = facts.sec_fetch_dest in (None, "document")
    return facts.sec_fetch_mode == "navigate" and is_top
