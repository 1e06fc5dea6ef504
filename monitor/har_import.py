"""Entries of a HAR archive, as browsers write them, as logs to be pushed."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from monitor.upstreams import on_socket

SCHEMES = frozenset({"http", "https", "ws", "wss"})
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
}


class BadEntry(ValueError):
    """*place* is where in the entry something is wrong."""

    def __init__(self, place: tuple[str | int, ...], reason: str) -> None:
        super().__init__(reason)
        self.place = place


@dataclass(frozen=True, slots=True)
class Imported:
    """*fields* are those of a pushed log, without its bodies."""

    fields: dict[str, Any]
    request_body: bytes | None
    response_body: bytes | None


def imported(entry: Any) -> Imported | None:
    """None for what was not sent over a network (`data:`, `blob:`, extensions).

    Raises BadEntry.
    """
    request = _object(_object(entry, ()).get("request"), ("request",))
    response = _object(entry.get("response") or {}, ("response",))
    url = request.get("url")
    if not isinstance(url, str):
        raise BadEntry(("request", "url"), "must be a string")
    url = url.partition("#")[0]
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadEntry(("request", "url"), "is no URL") from None
    if parts.scheme.lower() not in SCHEMES:
        return None
    path, query = parts.path, parts.query
    if (found := on_socket(url)) is not None:
        path, _, query = found[1].partition("?")
    fields = {
        "method": request.get("method"),
        "url": url,
        "path": path or "/",
        "query_params": _query(query),
        "status_code": _status(response.get("status")),
        "latency_ms": _latency(entry.get("_latency_ms", entry.get("time"))),
        "request_headers": _headers(request, "request"),
        "response_headers": _headers(response, "response"),
        "error": _error(entry, response),
        "timestamp": entry.get("startedDateTime"),
        "tags": entry.get("_tags"),
    }
    return Imported(
        {name: value for name, value in fields.items() if value is not None},
        _request_body(request),
        _response_body(response),
    )


def _object(value: Any, place: tuple[str | int, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadEntry(place, "must be an object")
    return value


def _query(query: str) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    made = {name: v[0] if len(v) == 1 else v for name, v in found.items()}
    return made or None


def _status(status: Any) -> Any:
    """Browsers write 0, or -1, where there was no answer."""
    is_none = isinstance(status, int | float) and status <= 0
    return None if is_none else status


def _latency(time: Any) -> Any:
    is_none = isinstance(time, int | float) and time < 0
    return None if is_none else time


def _error(entry: dict[str, Any], response: dict[str, Any]) -> Any:
    """Ours, and Chrome's `net::ERR_…`."""
    return entry.get("_error") or response.get("_error")


def _headers(message: dict[str, Any], side: str) -> dict[str, Any] | None:
    """By name, repeats as a list; HTTP/2's pseudo-fields are no fields."""
    given = message.get("headers") or []
    if not isinstance(given, list):
        raise BadEntry((side, "headers"), "must be a list")
    found: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for position, pair in enumerate(given):
        place = (side, "headers", position)
        name = _object(pair, place).get("name")
        value = pair.get("value")
        if not isinstance(name, str) or not isinstance(value, str):
            raise BadEntry(place, "must have a name and a value, both strings")
        if not name.startswith(":"):
            key = spelled.setdefault(name.lower(), name)
            found.setdefault(key, []).append(value)
    made = {name: v[0] if len(v) == 1 else v for name, v in found.items()}
    return made or None


def _request_body(request: dict[str, Any]) -> bytes | None:
    posted = request.get("postData")
    if posted is None:
        return None
    place = ("request", "postData")
    posted = _object(posted, place)
    text = posted.get("text")
    if text is None and isinstance(posted.get("params"), list):
        text = _form(posted["params"], place)
    coding = posted.get("_encoding", posted.get("encoding"))
    return _bytes(text, coding, (*place, "text"))


def _form(params: list[Any], place: tuple[str, ...]) -> str | None:
    fields = [_object(param, (*place, "params")) for param in params]
    pairs = [(str(f.get("name", "")), str(f.get("value") or "")) for f in fields]
    return urlencode(pairs) or None


def _response_body(response: dict[str, Any]) -> bytes | None:
    content = response.get("content")
    if content is None:
        return None
    place = ("response", "content")
    content = _object(content, place)
    return _bytes(content.get("text"), content.get("encoding"), (*place, "text"))


def _bytes(text: Any, coding: Any, place: tuple[str, ...]) -> bytes | None:
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise BadEntry(place, "must be a string")
    if coding != "base64":
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        raise BadEntry(place, "is no base64") from None
