"""How an exchange becomes bytes in the spool, and becomes an exchange again."""

import struct
from typing import Any
from uuid import UUID

import orjson

from monitor.exchange import (
    NO_TIMINGS,
    Body,
    BodyState,
    Exchange,
    Fields,
    HeaderObject,
    Source,
    Timings,
)
from monitor.message_codec import about_messages, messages_of, texts_of

# Lengths of the JSON part, the request body and the response body.
LENGTHS = struct.Struct("<III")


def encode(exchange: Exchange) -> bytes:
    """Bodies and messages stay raw bytes behind the JSON of all the rest."""
    request, response = exchange.request_body, exchange.response_body
    rest = orjson.dumps(
        {
            "id": exchange.id,
            "service_id": exchange.service_id,
            "source": exchange.source,
            "method": exchange.method,
            "url": exchange.url,
            "path": exchange.path,
            "client_url": exchange.client_url,
            "query_params": exchange.query_params,
            "status_code": exchange.status_code,
            "latency_ms": exchange.latency_ms,
            "duration_ms": exchange.duration_ms,
            "error": exchange.error,
            "source_ip": exchange.source_ip,
            "tags": exchange.tags,
            "request_headers": exchange.request_headers,
            "response_headers": exchange.response_headers,
            "request_body": _about(request),
            "response_body": _about(response),
            "request_size": exchange.request_size,
            "response_size": exchange.response_size,
            "replay_of": exchange.replay_of,
            "timings": _about_timings(exchange.timings),
            "messages": about_messages(exchange.messages),
        }
    )
    sent = request.kept if request else b""
    received = response.kept if response else b""
    lengths = LENGTHS.pack(len(rest), len(sent), len(received))
    return b"".join((lengths, rest, sent, received, *texts_of(exchange.messages)))


def decode(record: bytes) -> Exchange:
    """The exchange that *encode* packed. Raises ValueError for anything else."""
    if len(record) < LENGTHS.size:
        raise ValueError("a record is shorter than its own lengths")
    rest_length, sent_length, received_length = LENGTHS.unpack_from(record)
    rest_end = LENGTHS.size + rest_length
    sent_end = rest_end + sent_length
    received_end = sent_end + received_length
    if received_end > len(record):
        raise ValueError("a record's lengths do not add up to its size")
    try:
        values = orjson.loads(record[LENGTHS.size : rest_end])
        return Exchange(
            **{
                **values,
                "id": UUID(values["id"]),
                "service_id": UUID(values["service_id"]),
                "source": Source(values["source"]),
                "tags": tuple(values["tags"]),
                "request_headers": _headers(values["request_headers"]),
                "response_headers": _headers(values["response_headers"]),
                "request_body": _body(
                    values["request_body"], record[rest_end:sent_end]
                ),
                "response_body": _body(
                    values["response_body"], record[sent_end:received_end]
                ),
                "replay_of": UUID(values["replay_of"]) if values["replay_of"] else None,
                # Records of an earlier version have neither.
                "timings": _timings(values.get("timings")),
                "messages": messages_of(values.get("messages"), record[received_end:]),
            }
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"a record is not an exchange: {error}") from None


def _about(body: Body | None) -> list[Any] | None:
    return None if body is None else [body.size, body.state]


def _body(about: list[Any] | None, kept: bytes) -> Body | None:
    if about is None:
        return None
    size, state = about
    return Body(kept=kept, size=size, state=BodyState(state))


def _headers(value: Any) -> Fields | HeaderObject:
    if isinstance(value, dict):
        return value
    return tuple((name, text) for name, text in value)


def _about_timings(timings: Timings) -> list[float | None] | None:
    if timings is NO_TIMINGS:
        return None
    return [timings.connect_ms, timings.tls_ms, timings.ttfb_ms, timings.overhead_ms]


def _timings(about: list[float | None] | None) -> Timings:
    if about is None:
        return NO_TIMINGS
    connect_ms, tls_ms, ttfb_ms, overhead_ms = about
    return Timings(
        connect_ms=connect_ms,
        tls_ms=tls_ms,
        ttfb_ms=ttfb_ms,
        overhead_ms=overhead_ms,
    )
