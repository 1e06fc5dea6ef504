"""Logs as entries of a HAR 1.2 archive (http://www.softwareishard.com/blog/har-12-spec).

Fields that begin with `_` are ours: the format reserves them for that.
"""

import base64
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from monitor import times
from monitor.content import field_value
from monitor.exchange import BodyState
from monitor.fields import Fields, HeaderObject
from monitor.messages import Direction, Message, MessageKind, MessageState
from monitor.redaction import MASK
from monitor.resources import LogDetail, StoredBody
from monitor.shown import ShownBody, message_text, pairs, shown_body

CREATOR = {"name": "API Monitor", "version": "1.0"}
NOT_KNOWN = -1


def head() -> dict[str, Any]:
    """What stands in `log` before the entries."""
    return {"version": "1.2", "creator": CREATOR, "pages": []}


def entry_of(detail: LogDetail, messages: Sequence[Message] = ()) -> dict[str, Any]:
    """Bodies are decoded, as browsers export them; `_masked` names what is masked."""
    item = detail.item
    entry: dict[str, Any] = {
        "startedDateTime": times.format(item.timestamp),
        "time": detail.total_ms or 0,
        "request": _request(detail),
        "response": _response(detail),
        "cache": {},
        "timings": _timings(detail),
        "_id": str(item.id),
        # The format has no word for an unknown time.
        "_latency_ms": item.latency_ms,
        "_overhead_ms": detail.timings.overhead_ms,
        "_service": item.service_name,
        "_source": item.source.value,
        "_masked": _masked(detail),
    }
    if item.error is not None:
        entry["_error"] = item.error
    if item.tags:
        entry["_tags"] = list(item.tags)
    if messages:
        entry[_kept_as(detail)] = [_message(detail, message) for message in messages]
    return entry


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


def _kept_as(detail: LogDetail) -> str:
    """As Chrome names the first; the second is alike."""
    is_websocket = detail.message_count is not None
    return "_webSocketMessages" if is_websocket else "_eventSourceMessages"


def _message(detail: LogDetail, message: Message) -> dict[str, Any]:
    """Bytes of a binary message are base64, as Chrome writes them."""
    text = message_text(message)
    if text is None or message.kind is MessageKind.BINARY:
        text = base64.b64encode(message.kept).decode()
    at = detail.item.timestamp.timestamp() + message.offset_ms / 1000
    if message.kind is MessageKind.EVENT:
        named = {"eventName": message.name or "message", "eventId": message.event_id}
        made = {"time": at, **named, "data": text}
    else:
        kind = "send" if message.direction is Direction.SENT else "receive"
        made = {"type": kind, "time": at, "opcode": message.opcode, "data": text}
    if message.truncated:
        made["_truncated"] = True
    if message.state is not MessageState.KEPT:
        made["_state"] = message.state.value
    return made


def _request(detail: LogDetail) -> dict[str, Any]:
    item = detail.item
    made: dict[str, Any] = {
        "method": item.method,
        "url": item.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(detail.request_headers),
        "queryString": _query(item.url),
        "headersSize": NOT_KNOWN,
        "bodySize": _size(item.request_size),
    }
    body = shown_body(detail.request_body, detail.request_headers)
    if body.content or body.state is not BodyState.KEPT:
        text, coding = _text(body)
        mime = field_value(detail.request_headers, "content-type") or ""
        made["postData"] = {"mimeType": mime, "text": text, **_flags(body)}
        if coding:
            made["postData"]["_encoding"] = coding
    return made


def _response(detail: LogDetail) -> dict[str, Any]:
    item = detail.item
    body = shown_body(detail.response_body, detail.response_headers)
    text, coding = _text(body)
    mime = field_value(detail.response_headers, "content-type")
    content: dict[str, Any] = {
        "size": len(body.content or b""),
        "mimeType": mime or "x-unknown",
        **_flags(body),
    }
    if body.content:
        content["text"] = text
    if coding:
        content["encoding"] = coding
    return {
        "status": item.status_code or 0,
        "statusText": _reason(item.status_code),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(detail.response_headers),
        "content": content,
        "redirectURL": field_value(detail.response_headers, "location") or "",
        "headersSize": NOT_KNOWN,
        "bodySize": _size(item.response_size),
    }


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


def _flags(body: ShownBody) -> dict[str, bool]:
    made = {}
    if body.truncated:
        made["_truncated"] = True
    if body.state is BodyState.WITHHELD:
        made["_withheld"] = True
    if body.state is BodyState.SHED:
        made["_shed"] = True
    return made


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
