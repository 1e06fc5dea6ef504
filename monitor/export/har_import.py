"""Entries of a HAR archive, as browsers and other tools write them, as logs."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from monitor.export.har_bodies import HarBody, request_body, response_body
from monitor.export.har_values import (
    BadEntry,
    Place,
    known,
    list_of,
    not_negative,
    object_of,
    positive,
    text_of,
)
from monitor.registry.base_url import on_socket
from monitor.traffic.exchange import NO_TIMINGS, Timings
from monitor.traffic.fields import Fields

SCHEMES = frozenset({"http", "https", "ws", "wss"})
# As nearly all are: a name, a port, a path, in visible ASCII. urlsplit takes longer.
PLAIN_URL = re.compile(
    r"(?:https?|wss?)://[0-9A-Za-z.\-]+(?::[0-9]{1,5})?"
    r"(/[!\"$->@-~]*)(?:\?([!\"$-~]*))?"
)
# Where a field of a log came from, for the address of an error.
PLACES: dict[str, tuple[str, ...]] = {
    "method": ("request", "method"),
    "url": ("request", "url"),
    "path": ("request", "url"),
    "query_params": ("request", "url"),
    "request_headers": ("request", "headers"),
    "response_headers": ("response", "headers"),
    "status_code": ("response", "status"),
    "latency_ms": ("time",),
    "timestamp": ("startedDateTime",),
    "error": ("_error",),
    "tags": ("_tags",),
    "source_ip": ("_source_ip",),
}
OUR_TIMINGS = ("connect_ms", "tls_ms", "ttfb_ms", "overhead_ms")
# Attributes of a cookie, as Set-Cookie has them.
ATTRIBUTES = (("path", "Path"), ("domain", "Domain"), ("sameSite", "SameSite"))
FLAGS = (("httpOnly", "HttpOnly"), ("secure", "Secure"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """*fields* are those of a pushed log, without its headers and bodies."""

    fields: dict[str, Any]
    request_headers: Fields
    response_headers: Fields
    request_body: HarBody
    response_body: HarBody
    timings: Timings
    duration_ms: float | None
    is_ours: bool


def imported(entry: Any) -> Imported | None:
    """None for what was not sent over a network (`data:`, `blob:`, extensions).

    Raises BadEntry.
    """
    entry = object_of(entry, ())
    request = object_of(entry.get("request"), ("request",))
    response = object_of(entry.get("response") or {}, ("response",))
    url = request.get("url")
    if not isinstance(url, str):
        raise BadEntry(("request", "url"), "must be a string")
    url = url.strip().partition("#")[0]
    target = target_of(url)
    if target is None:
        return None
    path, parameters = target
    sent, received = request_body(request), response_body(response)
    latency_ms, duration_ms = _times(entry)
    fields = {
        "method": request.get("method"),
        "url": url,
        "path": entry.get("_path") or path,
        "query_params": entry.get("_query_params", parameters) or None,
        "status_code": positive(response.get("status")),
        "latency_ms": latency_ms,
        "error": _error(entry, response),
        "timestamp": entry.get("startedDateTime"),
        "source_ip": entry.get("_source_ip"),
        "tags": entry.get("_tags"),
    }
    return Imported(
        fields={name: value for name, value in fields.items() if value is not None},
        request_headers=_request_headers(request, sent),
        response_headers=_response_headers(response),
        request_body=sent,
        response_body=received,
        timings=_timings(entry),
        duration_ms=duration_ms,
        is_ours="_latency_ms" in entry and "_source" in entry,
    )


def target_of(url: str) -> tuple[str, dict[str, Any]] | None:
    """The path and the parameters that *url* says; a repeated name has a list.

    None for what goes over no network. Raises BadEntry.
    """
    plain = PLAIN_URL.fullmatch(url)
    if plain is not None:
        return plain[1], _parameters(plain[2] or "")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadEntry(("request", "url"), "is no URL") from None
    if parts.scheme.lower() not in SCHEMES:
        if parts.scheme:
            return None
        raise BadEntry(("request", "url"), "must be an absolute URL")
    if (found := on_socket(url)) is not None:
        path, _, query = found[1].partition("?")
    else:
        path, query = parts.path, parts.query
    return path or "/", _parameters(query)


def _parameters(query: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in _pairs(query):
        found.setdefault(name, []).append(value)
    return {name: v[0] if len(v) == 1 else v for name, v in found.items()}


def _pairs(query: str) -> list[tuple[str, str]]:
    if "%" in query or "+" in query:
        return parse_qsl(query, keep_blank_values=True)
    parts = [part.partition("=") for part in query.split("&") if part]
    return [(name, value) for name, _, value in parts]


def _times(entry: dict[str, Any]) -> tuple[Any, float | None]:
    """The latency, and how long it lasted where our own archive has both."""
    lasted = not_negative(entry.get("time"))
    if "_latency_ms" not in entry:
        return lasted, None
    latency_ms = not_negative(entry["_latency_ms"])
    lasted = known(lasted) or None
    return latency_ms, None if lasted == latency_ms else lasted


def _timings(entry: dict[str, Any]) -> Timings:
    """`connect` includes `ssl`, as the format says; the lookup of the name is ours."""
    if "_ttfb_ms" in entry:
        return Timings(**{name: known(entry.get(f"_{name}")) for name in OUR_TIMINGS})
    said = entry.get("timings")
    if not isinstance(said, dict):
        return NO_TIMINGS
    parts = {name: known(said.get(name)) for name in PHASES}
    connect, tls = parts["connect"], parts["ssl"]
    first = [value for value in map(parts.get, PHASES[:5]) if value is not None]
    return Timings(
        connect_ms=None
        if connect is None
        else max(connect + (parts["dns"] or 0) - (tls or 0), 0),
        tls_ms=tls,
        ttfb_ms=sum(first) if parts["wait"] is not None else None,
    )


# Up to the first byte of the answer; then what is a part of another, or comes later.
PHASES = ("blocked", "dns", "connect", "send", "wait", "ssl")


def _error(entry: dict[str, Any], response: dict[str, Any]) -> Any:
    """Ours, and Chrome's `net::ERR_…`."""
    return entry.get("_error") or response.get("_error")


def _request_headers(request: dict[str, Any], body: HarBody) -> Fields:
    """With what stands beside the fields where it stands nowhere among them."""
    found = _headers(request, "request")
    names = {name.lower() for name, _ in found}
    cookies = _cookies(request, "request")
    if cookies and "cookie" not in names:
        found.append(("Cookie", "; ".join(map(_pair, cookies))))
    declared = body.content_type
    if body.content and declared and "content-type" not in names:
        found.append(("Content-Type", declared))
    if declared and "boundary=" in declared:
        found = [_with_boundary(name, value, declared) for name, value in found]
    return tuple(found)


def _response_headers(response: dict[str, Any]) -> Fields:
    found = _headers(response, "response")
    names = {name.lower() for name, _ in found}
    if "set-cookie" not in names:
        found += [("Set-Cookie", _set(c)) for c in _cookies(response, "response")]
    return tuple(found)


def _headers(message: dict[str, Any], side: str) -> list[tuple[str, str]]:
    """In their order; HTTP/2's pseudo-fields are no fields."""
    given = message.get("headers")
    if isinstance(given, dict):
        given = [{"name": name, "value": value} for name, value in given.items()]
    found: list[tuple[str, str]] = []
    for position, pair in enumerate(list_of(given, (side, "headers"))):
        place: Place = (side, "headers", position)
        pair = object_of(pair, place)
        if pair.get("name") in (None, "") or "value" not in pair:
            raise BadEntry(place, "must have a name and a value")
        name = text_of(pair["name"], (*place, "name"))
        value = text_of(pair["value"], (*place, "value"))
        if not name.startswith(":"):
            found.append((name, value))
    return found


def _with_boundary(name: str, value: str, declared: str) -> tuple[str, str]:
    is_type = name.lower() == "content-type"
    return (name, declared if is_type and "boundary=" not in value.lower() else value)


def _cookies(message: dict[str, Any], side: str) -> list[dict[str, Any]]:
    place: Place = (side, "cookies")
    found = list_of(message.get("cookies"), place)
    return [object_of(cookie, (*place, n)) for n, cookie in enumerate(found)]


def _pair(cookie: dict[str, Any]) -> str:
    return f"{_word(cookie.get('name'))}={_word(cookie.get('value'))}"


def _set(cookie: dict[str, Any]) -> str:
    pieces = [_pair(cookie)]
    pieces += [f"{word}={_word(cookie[n])}" for n, word in ATTRIBUTES if cookie.get(n)]
    pieces += [word for name, word in FLAGS if cookie.get(name) is True]
    return "; ".join(pieces)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else text_of(value, ("cookies",))
