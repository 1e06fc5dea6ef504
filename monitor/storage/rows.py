"""What an exchange looks like as rows."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson

from monitor.content import as_text, decoded, field_value
from monitor.endpoints import endpoint_of
from monitor.exchange import Body, BodyState, Exchange, Fields, HeaderObject
from monitor.ids import bucket_of
from monitor.storage import messages

LOG_COLUMNS = (
    "bucket",
    "ts",
    "id",
    "service_id",
    "source",
    "method",
    "url",
    "path",
    "client_url",
    "query_params",
    "status_code",
    "latency_ms",
    "duration_ms",
    "error",
    "source_ip",
    "tags",
    "request_size",
    "response_size",
    "replay_of",
    "endpoint",
)
DETAIL_COLUMNS = (
    "bucket",
    "ts",
    "id",
    "request_headers",
    "response_headers",
    "connect_ms",
    "tls_ms",
    "ttfb_ms",
    "overhead_ms",
    "message_count",
    "event_count",
    "messages_problem",
    "had_request_body",
    "had_response_body",
)
BODY_COLUMNS = (
    "bucket",
    "ts",
    "id",
    "request_body",
    "request_truncated",
    "request_state",
    "request_is_text",
    "request_text",
    "response_body",
    "response_truncated",
    "response_state",
    "response_is_text",
    "response_text",
)
# Of a coded body, this much decoded text is kept to be searched.
SEARCHED_TEXT_BYTES = 1024 * 1024
NO_BODY = (None, False, BodyState.KEPT.value, False, None)

Key = tuple[int, Any, Any]


async def insert(connection: asyncpg.Connection, exchanges: Sequence[Exchange]) -> None:
    """Add *exchanges* by COPY, inside the caller's transaction.

    Their partitions exist, or asyncpg.CheckViolationError is raised.
    """
    keys = [(bucket_of(e.id), e.started_at, e.id) for e in exchanges]
    pairs = list(zip(keys, exchanges, strict=True))
    await _copy(connection, "logs", LOG_COLUMNS, [_log(k, e) for k, e in pairs])
    await _copy(
        connection, "log_details", DETAIL_COLUMNS, [_detail(k, e) for k, e in pairs]
    )
    bodies = [_bodies(k, e) for k, e in pairs if e.request_body or e.response_body]
    if bodies:
        await _copy(connection, "log_bodies", BODY_COLUMNS, bodies)
    told = messages.rows_of(exchanges)
    if told:
        await _copy(connection, "log_messages", messages.COLUMNS, told)


async def _copy(
    connection: asyncpg.Connection,
    table: str,
    columns: Sequence[str],
    records: list[tuple[Any, ...]],
) -> None:
    await connection.copy_records_to_table(
        table, schema_name="apimonitor", columns=columns, records=records
    )


def _log(key: Key, exchange: Exchange) -> tuple[Any, ...]:
    return (
        *key,
        exchange.service_id,
        exchange.source.value,
        exchange.method,
        exchange.url,
        exchange.path,
        exchange.client_url,
        _json(exchange.query_params),
        exchange.status_code,
        exchange.latency_ms,
        exchange.duration_ms,
        exchange.error,
        exchange.source_ip,
        list(exchange.tags) or None,
        exchange.request_size,
        exchange.response_size,
        exchange.replay_of,
        endpoint_of(exchange.path),
    )


def _detail(key: Key, exchange: Exchange) -> tuple[Any, ...]:
    timings = exchange.timings
    return (
        *key,
        orjson.dumps(exchange.request_headers),
        orjson.dumps(exchange.response_headers),
        timings.connect_ms,
        timings.tls_ms,
        timings.ttfb_ms,
        timings.overhead_ms,
        *messages.counts_of(exchange),
        _is_stored(exchange.request_body),
        _is_stored(exchange.response_body),
    )


def _is_stored(body: Body | None) -> bool:
    return body is not None and not body.state.is_absent


def _bodies(key: Key, exchange: Exchange) -> tuple[Any, ...]:
    return (
        *key,
        *_body(exchange.request_body, exchange.request_headers),
        *_body(exchange.response_body, exchange.response_headers),
    )


def _body(body: Body | None, headers: Fields | HeaderObject) -> tuple[Any, ...]:
    """Content, truncated, state, is_text, and the text of a coded body."""
    if body is None:
        return NO_BODY
    if body.state.is_absent:
        return (None, False, body.state.value, False, None)
    is_text = as_text(body.kept) is not None
    text = None if is_text else _decoded_text(body, headers)
    return (body.kept, body.truncated, body.state.value, is_text, text)


def _decoded_text(body: Body, headers: Fields | HeaderObject) -> str | None:
    coding = field_value(headers, "content-encoding")
    if coding is None:
        return as_text(body.kept, truncated=body.truncated)
    content = decoded(
        body.kept, coding, limit=SEARCHED_TEXT_BYTES, truncated=body.truncated
    )
    return as_text(content.content, truncated=not content.complete)


def _json(value: dict[str, Any]) -> str | None:
    return orjson.dumps(value).decode() if value else None
