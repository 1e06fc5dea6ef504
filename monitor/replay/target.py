"""The target of a replay: always a registered service."""

from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

from monitor.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from monitor.logs.log import LogItem
from monitor.registry.base_url import below, split_url, upstream_of
from monitor.registry.table import RoutingTable, Service
from monitor.traffic.exchange import Source
from monitor.traffic.mask import MASK

HOW_TO_REGISTER = "register it with POST /v1/services and its base_url first"


@dataclass(frozen=True, slots=True)
class Target:
    """*rest* follows the service's base path, byte for byte."""

    service: Service
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """*has_passed*: the proxy sent it once, so that it may go again as it is."""

    url: str
    is_override: bool
    has_passed: bool


def target_of(
    item: LogItem,
    table: RoutingTable,
    *,
    override_url: str | None,
    service_id: UUID | None,
) -> Target:
    """Raises InvalidInput, Conflict, NotFound; see the contract, Replay."""
    if MASK in (item.url if override_url is None else override_url):
        whose = "the log's URL" if override_url is None else "override_url"
        raise Conflict(
            f"{whose} holds a masked value, which cannot be sent; "
            "give override_url with the whole URL"
        )
    own = table.by_id(item.service_id)
    if item.path == "*" and override_url is None:
        # RFC 9112 3.2.4: OPTIONS of the whole server; no part of the URL.
        return Target(_with_base_url(table, own, service_id), "*")
    asked = Asked(
        url=item.url if override_url is None else override_url,
        is_override=override_url is not None,
        has_passed=override_url is None and item.source is not Source.INGEST,
    )
    if service_id is not None:
        return _in_named(asked, _with_base_url(table, own, service_id), own)
    found = _below(own, asked) if own else None
    if own is not None and found is not None:
        return Target(own, found)
    return _in_any(table, asked, own)


def target_in(table: RoutingTable, service_id: UUID, url: str) -> Target:
    """Of a request from scratch: *url* under the service's base_url, or what follows
    it. Raises InvalidInput, Conflict."""
    service = _with_base_url(table, None, service_id)
    if url.startswith("/"):
        rest = url.partition("#")[0]
        if _leaves(rest):
            raise _bad_url("leads out of the base_url", "url")
        return Target(service, rest)
    asked = Asked(url=url, is_override=True, has_passed=False)
    try:
        found = _below(service, asked)
    except InvalidInput as error:
        raise _bad_url(error.errors[0].msg, "url") from None
    if found is None:
        raise _bad_url(f"does not lie under the base_url of {service.slug}", "url")
    return Target(service, found)


def check_key(target: Target, service_id: UUID | None) -> None:
    """A service key replays to its own service only."""
    if service_id is not None and target.service.id != service_id:
        raise Forbidden("a service key replays to its own service only")


def _with_base_url(
    table: RoutingTable, own: Service | None, service_id: UUID | None
) -> Service:
    service = own if service_id is None else table.by_id(service_id)
    if service is None and service_id is None:
        raise NotFound("there is no such service")
    if service is None:
        text = "there is no such service; register it"
        error = FieldError(("body", "service_id"), text, "value_error")
        raise InvalidInput(text, errors=[error])
    if service.base_url is None:
        raise Conflict(f"the service {service.slug} has no base_url; set one to replay")
    return service


def _in_named(asked: Asked, service: Service, own: Service | None) -> Target:
    if asked.is_override:
        rest = _below(service, asked)
        if rest is None:
            raise _bad_url(f"does not lie under the base_url of {service.slug}")
        return Target(service, rest)
    found = _below(own, asked) if own else None
    rest = _path_of(asked.url) if found is None else found
    if not asked.has_passed and _leaves(rest):
        raise _bad_url("leads out of the base_url")
    return Target(service, rest)


def _in_any(table: RoutingTable, asked: Asked, own: Service | None) -> Target:
    """Another service than the log's own; the longest base path wins."""
    found = [
        (len(upstream_of(service.base_url).base_path), Target(service, rest))
        for service in table.services
        if service.base_url is not None and (rest := _below(service, asked)) is not None
    ]
    longest = max((length for length, _ in found), default=-1)
    targets = [target for length, target in found if length == longest]
    if len(targets) == 1:
        return targets[0]
    if targets:
        names = " and ".join(sorted(target.service.slug for target in targets))
        raise _bad_url(f"lies under the base_url of {names}: give service_id")
    if own is not None and own.base_url is None and not asked.is_override:
        raise Conflict(f"the service {own.slug} has no base_url; set one to replay")
    raise _bad_url(f"lies under no service's base_url: {HOW_TO_REGISTER}")


def _below(service: Service, asked: Asked) -> str | None:
    if service.base_url is None:
        return None
    try:
        rest = below(upstream_of(service.base_url), asked.url)
    except ValueError as error:
        if asked.is_override:
            raise _bad_url(str(error)) from None
        return None
    return None if rest and not asked.has_passed and _leaves(rest) else rest


def _leaves(rest: str) -> bool:
    """Whether dot segments lead out of the base path (RFC 3986 5.2.4).

    As the most lenient server reads them: encoded, with backslashes or parameters.
    """
    depth = 0
    path = unquote(rest.partition("?")[0]).replace("\\", "/")
    for segment in path.split("/"):
        name = segment.partition(";")[0]
        if name == "..":
            depth -= 1
        elif name not in ("", "."):
            depth += 1
        if depth < 0:
            return True
    return False


def _path_of(url: str) -> str:
    """What follows the authority of an ingested URL, whatever its scheme is."""
    try:
        _, target = split_url(url)
    except ValueError:
        rest = url.partition("://")[2]
        start = min((rest.find(c) for c in "/?" if c in rest), default=len(rest))
        target = rest[start:].partition("#")[0]
    return target if target.startswith("/") else f"/{target}"


def _bad_url(reason: str, field: str = "override_url") -> InvalidInput:
    error = FieldError(("body", field), reason, "value_error")
    return InvalidInput("the target is not valid", errors=[error])
