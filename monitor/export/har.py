"""Logs as entries of a HAR 1.2 archive (http://www.softwareishard.com/blog/har-12-spec).

Fields that begin with `_` are ours: the format reserves them for that.
"""

import base64
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from monitor import times
from monitor.content.body import field_value
from monitor.export.har_import import OUR_TIMINGS, target_of
from monitor.export.har_messages import exported
from monitor.export.har_values import BadEntry
from monitor.logs.display import ShownBody, pairs, shown_body
from monitor.logs.log import LogDetail, StoredBody
from monitor.registry.base_url import authority_of, on_socket
from monitor.traffic.exchange import BodyState, Source
from monitor.traffic.fields import Fields, HeaderObject
from monitor.traffic.header_names import OURS
from monitor.traffic.mask import MASK
from monitor.traffic.message import Message

CREATOR = {"name": "API Monitor", "version": "1.0"}
NOT_KNOWN = -1


def head() -> dict[str, Any]:
    """What stands in `log` before the entries."""
    return {"version": "1.2", "creator": CREATOR, "pages": []}


def entry_of(detail: LogDetail, messages: Sequence[Message] = ()) -> dict[str, Any]:
    """What was sent upstream, and what came back.

    Bodies are decoded, as browsers export them; `_masked` names what is masked.
    Of an imported log, what its archive said of it besides is said again. Host
    is the URL's where the service has no `preserve_host`.
    """
    item, har = detail.item, detail.har or {}
    entry: dict[str, Any] = {
        "startedDateTime": times.format(item.timestamp),
        "time": detail.total_ms or 0,
        "request": _request(detail),
        "response": _response(detail),
        "cache": {},
        "timings": {**_timings(detail), **har.get("timings", {})},
        "_id": str(item.id),
        # The format has no word for an unknown time.
        "_latency_ms": item.latency_ms,
        **{f"_{name}": getattr(detail.timings, name) for name in OUR_TIMINGS},
        "_service": har.get("_service", item.service_name),
        "_source": har.get("_source", item.source.value),
        "_masked": _masked(detail),
    }
    for name in ("serverIPAddress", "connection"):
        if name in har:
            entry[name] = har[name]
    entry |= _beside(detail)
    if item.error is not None:
        entry["_error"] = item.error
    if item.tags:
        entry["_tags"] = list(item.tags)
    return entry | exported(detail, messages)


def _timings(detail: LogDetail) -> dict[str, float]:
    """They sum up to the entry's time; `connect` includes `ssl`."""
    timings, total = detail.timings, detail.total_ms or 0
    connect = None
    if timings.connect_ms is not None:
        connect = timings.connect_ms + (timings.tls_ms or 0)
    first = total if timings.ttfb_ms is None else min(timings.ttfb_ms, total)
    return {
        "blocked": NOT_KNOWN,
        "dns": NOT_KNOWN,
        "connect": NOT_KNOWN if connect is None else min(connect, first),
        "ssl": NOT_KNOWN if timings.tls_ms is None else timings.tls_ms,
        "send": 0,
        "wait": max(first - (connect or 0), 0),
        "receive": total - first,
    }


def _beside(detail: LogDetail) -> dict[str, Any]:
    """What the format has no word for, where it is not what follows from the rest."""
    item, made = detail.item, dict[str, Any]()
    path, parameters = _target(item.url)
    if path != item.path:
        made["_path"] = item.path
    if item.query_params != parameters:
        made["_query_params"] = item.query_params
    if detail.client_url is not None:
        made["_client_url"] = detail.client_url
    if item.source_ip is not None:
        made["_source_ip"] = item.source_ip
    return made


def _target(url: str) -> tuple[str | None, dict[str, Any] | None]:
    """What an import reads from *url*; nothing where it is none: a pushed one may be
    any text."""
    try:
        return target_of(url.partition("#")[0]) or (None, None)
    except BadEntry:
        return None, None


def _request(detail: LogDetail) -> dict[str, Any]:
    item, said = detail.item, (detail.har or {}).get("request", {})
    made: dict[str, Any] = {
        "method": item.method,
        "url": item.url,
        "httpVersion": said.get("httpVersion", "HTTP/1.1"),
        "cookies": said.get("cookies", []),
        "headers": _sent_headers(detail),
        "queryString": _query(item.url),
        "headersSize": said.get("headersSize", NOT_KNOWN),
        "bodySize": said.get("bodySize", _size(item.request_size)),
    }
    body = shown_body(detail.request_body, detail.request_headers)
    flags = _flags(body, detail.request_body)
    if body.content or flags:
        text, coding = _text(body)
        mime = field_value(detail.request_headers, "content-type") or ""
        made["postData"] = {"mimeType": mime, "text": text, **flags}
        if coding:
            made["postData"]["_encoding"] = coding
    return made


def _response(detail: LogDetail) -> dict[str, Any]:
    item, said = detail.item, (detail.har or {}).get("response", {})
    body = shown_body(detail.response_body, detail.response_headers)
    text, coding = _text(body)
    mime = field_value(detail.response_headers, "content-type")
    content: dict[str, Any] = {
        "size": len(body.content or b""),
        "mimeType": mime or "x-unknown",
        **_flags(body, detail.response_body),
    }
    if "compression" in said:
        content["compression"] = said["compression"]
    if body.content:
        content["text"] = text
    if coding:
        content["encoding"] = coding
    return {
        "status": item.status_code or 0,
        "statusText": said.get("statusText", _reason(item.status_code)),
        "httpVersion": said.get("httpVersion", "HTTP/1.1"),
        "cookies": said.get("cookies", []),
        "headers": _headers(detail.response_headers),
        "content": content,
        "redirectURL": field_value(detail.response_headers, "location") or "",
        "headersSize": said.get("headersSize", NOT_KNOWN),
        "bodySize": said.get("bodySize", _size(item.response_size)),
    }


def _sent_headers(detail: LogDetail) -> list[dict[str, str]]:
    """A pushed log's are its sender's word; ours never went upstream."""
    found = _headers(detail.request_headers)
    if detail.item.source is Source.INGEST:
        return found
    found = [pair for pair in found if not pair["name"].lower().startswith(OURS)]
    url = detail.item.url
    host = authority_of(url).rpartition("@")[2]
    if detail.keeps_host or on_socket(url) is not None or not host:
        return found
    return [
        {**pair, "value": host} if pair["name"].lower() == "host" else pair
        for pair in found
    ]


def _headers(headers: Fields | HeaderObject) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs(headers)]


def _query(url: str) -> list[dict[str, str]]:
    query = url.partition("#")[0].partition("?")[2]
    return [
        {"name": name, "value": value}
        for name, value in parse_qsl(query, keep_blank_values=True)
    ]


def _text(body: ShownBody) -> tuple[str, str | None]:
    """The text, and `base64` where it is that of bytes."""
    if body.text is not None:
        return body.text, None
    if not body.content:
        return "", None
    return base64.b64encode(body.content).decode(), "base64"


def _flags(body: ShownBody, stored: StoredBody) -> dict[str, bool]:
    """What there is to be known of a body that is not the one that passed, whole."""
    flags = {
        "_truncated": body.truncated,
        "_withheld": body.state is BodyState.WITHHELD,
        "_limited": body.is_limited,
        "_shed": body.state is BodyState.SHED,
        "_redacted": body.state is BodyState.REDACTED,
        "_gone": stored.is_gone,
    }
    return {name: True for name, holds in flags.items() if holds}


def _masked(detail: LogDetail) -> list[str]:
    """Where something is masked: `request.headers.Authorization`, `request.url` …"""
    found = ["request.url"] if MASK in detail.item.url else []
    sides: tuple[tuple[str, Fields | HeaderObject, StoredBody], ...] = (
        ("request", detail.request_headers, detail.request_body),
        ("response", detail.response_headers, detail.response_body),
    )
    for side, headers, body in sides:
        names = [name for name, value in pairs(headers) if MASK in value]
        found += [f"{side}.headers.{name}" for name in dict.fromkeys(names)]
        if body.state is not BodyState.KEPT:
            found.append(f"{side}.body")
    return found


def _reason(status: int | None) -> str:
    try:
        return HTTPStatus(status or 0).phrase
    except ValueError:
        return ""


def _size(count: int | None) -> int:
    return NOT_KNOWN if count is None else count
