"""Logs as /v1 shows them."""

import base64
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from monitor import times
from monitor.logs.display import (
    ShownBody,
    header_object,
    message_text,
    pairs,
    withheld_for,
)
from monitor.logs.hints import hints_of
from monitor.logs.log import LogDetail, LogItem
from monitor.traffic.exchange import BodyState
from monitor.traffic.message import Message


def shown_item(item: LogItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "service_id": item.service_id,
        "service_name": item.service_name,
        "source": item.source,
        "timestamp": times.format(item.timestamp),
        "method": item.method,
        "url": item.url,
        "path": item.path,
        "query_params": item.query_params,
        "status_code": item.status_code,
        "latency_ms": item.latency_ms,
        "error": item.error,
        "source_ip": item.source_ip,
        "tags": item.tags,
        "request_size": item.request_size,
        "response_size": item.response_size,
        "pinned": item.pinned,
    }


def shown_detail(
    detail: LogDetail, sent: ShownBody, received: ShownBody
) -> dict[str, Any]:
    """All of a log; bodies without their content coding, as far as that goes."""
    return {
        **shown_item(detail.item),
        "client_url": detail.client_url,
        "duration_ms": detail.duration_ms,
        "timings": _shown_timings(detail),
        "message_count": detail.message_count,
        "event_count": detail.event_count,
        "messages_problem": detail.messages_problem,
        "replay_of": detail.replay_of,
        "note": detail.note,
        "hints": [asdict(hint) for hint in hints_of(detail)],
        "request_headers": header_object(detail.request_headers),
        "request_headers_raw": pairs(detail.request_headers),
        **body_fields("request", sent),
        "request_body_gone": detail.request_body.is_gone,
        "response_headers": header_object(detail.response_headers),
        "response_headers_raw": pairs(detail.response_headers),
        **body_fields("response", received),
        "response_body_gone": detail.response_body.is_gone,
    }


def _shown_timings(detail: LogDetail) -> dict[str, float | None]:
    timings = detail.timings
    return {
        "connect_ms": timings.connect_ms,
        "tls_ms": timings.tls_ms,
        "ttfb_ms": timings.ttfb_ms,
        "total_ms": detail.total_ms,
        "overhead_ms": timings.overhead_ms,
    }


def body_fields(side: str, body: ShownBody) -> dict[str, Any]:
    """What /v1 shows of a body; *side* is request or response."""
    content, encoding = body.text, "utf-8"
    if body.text is None and body.content is not None:
        content, encoding = base64.b64encode(body.content).decode(), "base64"
    return {
        f"{side}_body": content,
        f"{side}_body_encoding": encoding,
        f"{side}_body_truncated": body.truncated,
        f"{side}_body_withheld": body.state is BodyState.WITHHELD,
        f"{side}_body_withheld_for": withheld_for(body.state, body.is_limited),
        f"{side}_body_shed": body.state is BodyState.SHED,
        f"{side}_body_problem": body.problem,
    }


def shown_message(message: Message, began: datetime) -> dict[str, Any]:
    text = message_text(message)
    return {
        "direction": message.direction,
        "kind": message.kind,
        "at": times.format(began + timedelta(milliseconds=message.offset_ms)),
        "offset_ms": message.offset_ms,
        "opcode": message.opcode,
        "name": message.name,
        "event_id": message.event_id,
        "size": message.size,
        "wire_size": message.wire_size,
        "data": base64.b64encode(message.kept).decode() if text is None else text,
        "encoding": "base64" if text is None else "utf-8",
        "truncated": message.truncated,
        "state": message.state,
        "withheld_for": withheld_for(message.state, message.is_limited),
    }
