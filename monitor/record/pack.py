"""Rows of PostgreSQL's binary COPY that an exchange is packed into, in plain bytes.

A row is a count of fields, then each field's length and bytes; -1 is NULL. Fields stand
in the order of monitor.record.columns.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson

from monitor.record.binary import (
    FALSE,
    NULL,
    SMALLINT,
    TRUE,
    UUID_BEGINS,
    bigint_field,
    bytes_field,
    common_field,
    float_field,
    text_field,
    texts_field,
)
from monitor.record.columns import (
    BODY_COLUMNS,
    BUCKET_SIZE,
    DETAIL_COLUMNS,
    ID_SIZE,
    LOG_COLUMNS,
    TS_SIZE,
)
from monitor.record.pack_bodies import pack_body
from monitor.traffic.endpoint import endpoint_of
from monitor.traffic.exchange import Body, Exchange, Timings
from monitor.traffic.fields import Headers, HeadFields
from monitor.traffic.ids import bucket_in, bytes_of
from monitor.traffic.message import Medium, Messages
from monitor.traffic.target import apart, says

KEY: Final = struct.Struct("!iiiqi16s")
LOG_BEGINS, DETAIL_BEGINS, BODY_BEGINS = [
    struct.pack("!h", len(columns))
    for columns in (LOG_COLUMNS, DETAIL_COLUMNS, BODY_COLUMNS)
]
# The times of an exchange on a kept connection.
TIMES: Final = struct.Struct("!iiidid")
# A log's figures where it has a status, a latency and sizes, and nothing else.
FIGURES: Final = struct.Struct("!ihidiiqiqii")
NO_COUNTS: Final = NULL * 3
# Milliseconds from 1970 to 2000, where PostgreSQL's time begins.
EPOCH_MS: Final = 946_684_800_000


@dataclass(init=False, slots=True, eq=False)
class Rows:
    """One exchange's rows; *body* is empty where it has none.

    *is_complete* is false where a coded body's text, for search, is left out.
    """

    log: bytes
    detail: bytes
    # Of the body's row, which are joined once only, as bodies are long.
    parts: list[bytes]
    is_complete: bool

    def __init__(
        self, log: bytes, detail: bytes, parts: list[bytes], is_complete: bool = True
    ) -> None:
        self.log = log
        self.detail = detail
        self.parts = parts
        self.is_complete = is_complete

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    def __eq__(self, other: object) -> bool:
        """However the body's row is cut."""
        if not isinstance(other, Rows):
            return NotImplemented
        ours = self.log, self.detail, self.body, self.is_complete
        return ours == (other.log, other.detail, other.body, other.is_complete)


def pack(exchange: Exchange, *, decodes: bool = True) -> Rows:
    """Raises ValueError for what no column holds.

    *decodes*: whether coded bodies are, which may take milliseconds.
    """
    try:
        return _pack(exchange, decodes)
    except struct.error as error:
        raise ValueError(f"an exchange fits no row: {error}") from None


def key_of(id: UUID) -> bytes:
    """What each of a log's rows begins with: bucket, time and id."""
    own = bytes_of(id)
    ts = (int.from_bytes(own[:6], "big") - EPOCH_MS) * 1000
    return KEY.pack(BUCKET_SIZE, bucket_in(own), TS_SIZE, ts, ID_SIZE, own)


def _pack(exchange: Exchange, decodes: bool) -> Rows:
    key = key_of(exchange.id)
    log = log_row(exchange, key)
    detail = b"".join(
        (
            DETAIL_BEGINS,
            key,
            _headers(exchange.request_headers),
            _headers(exchange.response_headers),
            behind_heads(exchange),
        )
    )
    sent, received = exchange.request_body, exchange.response_body
    if sent is None and received is None:
        return Rows(log, detail, [])
    parts = [BODY_BEGINS, key]
    is_sent_complete = pack_body(sent, exchange.request_headers, parts, decodes)
    is_complete = pack_body(received, exchange.response_headers, parts, decodes)
    return Rows(log, detail, parts, is_sent_complete and is_complete)


def log_row(exchange: Exchange, key: bytes) -> bytes:
    path, client_url = exchange.path, exchange.client_url
    target = apart(exchange.url, path)
    query = client_origin = ""
    if target is not None:
        query = target[1]
        client_origin = _client_origin(client_url, path + query)
    return b"".join(
        (
            LOG_BEGINS,
            key,
            UUID_BEGINS,
            bytes_of(exchange.service_id),
            common_field(exchange.source),
            common_field(exchange.method),
            text_field(exchange.url) if target is None else NULL,
            text_field(path),
            NULL if client_origin else text_field(client_url),
            _params(exchange.query_params, query),
            NULL if exchange.error is None else text_field(exchange.error),
            common_field(exchange.source_ip),
            _endpoint(path),
            _figures(exchange),
            NULL if target is None else text_field(target[0]),
            text_field(query) if query else NULL,
            text_field(client_origin) if client_origin else NULL,
        )
    )


def _client_origin(client_url: str | None, behind: str) -> str:
    """What stands in *client_url* before *behind*; empty, where it is whole."""
    if client_url is None or not client_url.endswith(behind):
        return ""
    origin = client_url[: -len(behind)]
    return origin if "://" in origin else ""


def _figures(exchange: Exchange) -> bytes:
    """From status_code to tags; at once where it is an exchange as most are."""
    status, latency_ms = exchange.status_code, exchange.latency_ms
    duration_ms, replay_of = exchange.duration_ms, exchange.replay_of
    sent, received = exchange.request_size, exchange.response_size
    if (
        status is not None
        and latency_ms is not None
        and duration_ms is None
        and sent is not None
        and received is not None
        and replay_of is None
        and not exchange.tags
    ):
        return FIGURES.pack(2, status, 8, latency_ms, -1, 8, sent, 8, received, -1, -1)
    return b"".join(
        (
            NULL if status is None else SMALLINT.pack(2, status),
            float_field(latency_ms),
            float_field(duration_ms),
            bigint_field(sent),
            bigint_field(received),
            NULL if replay_of is None else bytes_field(bytes_of(replay_of)),
            texts_field(exchange.tags) if exchange.tags else NULL,
        )
    )


def behind_heads(exchange: Exchange) -> bytes:
    """From connect_ms to had_response_body."""
    timings, messages = exchange.timings, exchange.messages
    ttfb_ms, overhead_ms = timings.ttfb_ms, timings.overhead_ms
    if (
        timings.connect_ms is None
        and timings.tls_ms is None
        and ttfb_ms is not None
        and overhead_ms is not None
    ):
        times = TIMES.pack(-1, -1, 8, ttfb_ms, 8, overhead_ms)
    else:
        times = _times(timings)
    return b"".join(
        (
            times,
            NO_COUNTS if messages is None else _counts(messages),
            TRUE if _is_present(exchange.request_body) else FALSE,
            TRUE if _is_present(exchange.response_body) else FALSE,
        )
    )


def _times(timings: Timings) -> bytes:
    return (
        float_field(timings.connect_ms)
        + float_field(timings.tls_ms)
        + float_field(timings.ttfb_ms)
        + float_field(timings.overhead_ms)
    )


def _is_present(body: Body | None) -> bool:
    return body is not None and not body.state.is_absent


def _params(params: dict[str, Any], query: str) -> bytes:
    """Nothing where *query* says them, or there are none of either."""
    return NULL if says(query, params) else bytes_field(orjson.dumps(params))


def _headers(headers: Headers) -> bytes:
    if isinstance(headers, HeadFields):
        return bytes_field(orjson.dumps([found.pair for found in headers.lines]))
    return bytes_field(orjson.dumps(headers))


def _counts(messages: Messages) -> bytes:
    """Messages, events, and what ended their reading."""
    count = bigint_field(messages.count)
    is_websocket = messages.medium is Medium.WEBSOCKET
    counts = count + NULL if is_websocket else NULL + count
    return counts + text_field(messages.problem)


@lru_cache(maxsize=8192)
def _endpoint(path: str) -> bytes:
    """Nothing, where it is the path."""
    endpoint = endpoint_of(path)
    return NULL if endpoint == path else text_field(endpoint)
