"""What an exchange looks like as rows of PostgreSQL's binary COPY, in plain bytes.

A row is a count of fields, then each field's length and bytes; -1 is NULL. The columns'
order is that of LOG_COLUMNS, DETAIL_COLUMNS and BODY_COLUMNS.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson

from monitor.content.body import as_text, decoded, field_value
from monitor.content.charsets import text_of
from monitor.traffic.endpoint import endpoint_of
from monitor.traffic.exchange import Body, Exchange, Timings
from monitor.traffic.fields import Fields, HeaderObject, SharedFields
from monitor.traffic.ids import bucket_of, bytes_of
from monitor.traffic.message import Medium, Messages

LOG_COLUMNS: Final = (
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
    "error",
    "source_ip",
    "endpoint",
    "status_code",
    "latency_ms",
    "duration_ms",
    "request_size",
    "response_size",
    "replay_of",
    "tags",
)
DETAIL_COLUMNS: Final = (
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
BODY_COLUMNS: Final = (
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
SEARCHED_TEXT_BYTES: Final = 1024 * 1024

KEY: Final = struct.Struct("!iiiqi16s")
LENGTH: Final = struct.Struct("!i")
# Most lengths.
SHORT: Final = [LENGTH.pack(size) for size in range(4096)]
FLOAT: Final = struct.Struct("!id")
BIGINT: Final = struct.Struct("!iq")
SMALLINT: Final = struct.Struct("!ih")
LOG_BEGINS, DETAIL_BEGINS, BODY_BEGINS = [
    struct.pack("!h", len(columns))
    for columns in (LOG_COLUMNS, DETAIL_COLUMNS, BODY_COLUMNS)
]
UUID_BEGINS: Final = LENGTH.pack(16)
# The times of an exchange on a kept connection.
TIMES: Final = struct.Struct("!iiidid")
# A log's figures where it has a status, a latency and sizes, and nothing else.
FIGURES: Final = struct.Struct("!ihidiiqiqii")
NULL: Final = LENGTH.pack(-1)
NO_COUNTS: Final = NULL * 3
TRUE, FALSE = LENGTH.pack(1) + b"\1", LENGTH.pack(1) + b"\0"
# Milliseconds from 1970 to 2000, where PostgreSQL's time begins.
EPOCH_MS: Final = 946_684_800_000
TEXT_OID: Final = 25
NO_BODY_FIELDS: Final = NULL + FALSE + LENGTH.pack(4) + b"kept" + FALSE + NULL


@dataclass(init=False, slots=True)
class Rows:
    """One exchange's rows; *body* is empty where it has none.

    *is_complete* is false where a coded body's text, for search, is left out.
    """

    log: bytes
    detail: bytes
    body: bytes
    is_complete: bool

    def __init__(
        self, log: bytes, detail: bytes, body: bytes, is_complete: bool = True
    ) -> None:
        self.log = log
        self.detail = detail
        self.body = body
        self.is_complete = is_complete


def pack(exchange: Exchange, *, decodes: bool = True) -> Rows:
    """Raises ValueError for what no column holds.

    *decodes*: whether coded bodies are, which may take milliseconds.
    """
    try:
        return _pack(exchange, decodes)
    except struct.error as error:
        raise ValueError(f"an exchange fits no row: {error}") from None


def _pack(exchange: Exchange, decodes: bool) -> Rows:
    number = exchange.id.int
    bucket = bucket_of(exchange.id)
    ts = ((number >> 80) - EPOCH_MS) * 1000
    key = KEY.pack(4, bucket, 8, ts, 16, number.to_bytes(16, "big"))
    log = b"".join(
        (
            LOG_BEGINS,
            key,
            UUID_BEGINS,
            bytes_of(exchange.service_id),
            _common(exchange.source),
            _common(exchange.method),
            _text(exchange.url),
            _text(exchange.path),
            _text(exchange.client_url),
            _params(exchange.query_params) if exchange.query_params else NULL,
            NULL if exchange.error is None else _text(exchange.error),
            _common(exchange.source_ip),
            _endpoint(exchange.path),
            _figures(exchange),
        )
    )
    detail = b"".join(
        (
            DETAIL_BEGINS,
            key,
            _headers(exchange.request_headers),
            _headers(exchange.response_headers),
            _details(exchange),
        )
    )
    sent, received = exchange.request_body, exchange.response_body
    if sent is None and received is None:
        return Rows(log, detail, b"")
    first, is_first_complete = _body(sent, exchange.request_headers, decodes)
    second, is_second_complete = _body(received, exchange.response_headers, decodes)
    is_complete = is_first_complete and is_second_complete
    body = b"".join((BODY_BEGINS, key, first, second))
    return Rows(log, detail, body, is_complete)


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
            _float(latency_ms),
            _float(duration_ms),
            _bigint(sent),
            _bigint(received),
            NULL if replay_of is None else _bytes(bytes_of(replay_of)),
            _texts(exchange.tags) if exchange.tags else NULL,
        )
    )


def _details(exchange: Exchange) -> bytes:
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
        _float(timings.connect_ms)
        + _float(timings.tls_ms)
        + _float(timings.ttfb_ms)
        + _float(timings.overhead_ms)
    )


def _is_present(body: Body | None) -> bool:
    return body is not None and not body.state.is_absent


def _params(params: dict[str, Any]) -> bytes:
    return _bytes(orjson.dumps(params))


def _headers(headers: Fields | HeaderObject) -> bytes:
    if not isinstance(headers, SharedFields):
        return _bytes(orjson.dumps(headers))
    if headers.packed is None:
        headers.packed = _bytes(orjson.dumps(tuple(headers)))
    return headers.packed


def _counts(messages: Messages) -> bytes:
    """Messages, events, and what ended their reading."""
    count = _bigint(messages.count)
    is_websocket = messages.medium is Medium.WEBSOCKET
    counts = count + NULL if is_websocket else NULL + count
    return counts + _text(messages.problem)


def _body(
    body: Body | None, headers: Fields | HeaderObject, decodes: bool
) -> tuple[bytes, bool]:
    """Content, truncated, state, is_text, and the text of a coded body."""
    if body is None:
        return NO_BODY_FIELDS, True
    state = _common(body.written_state)
    if body.state.is_absent:
        return NULL + FALSE + state + FALSE + NULL, True
    text, is_complete = NULL, True
    is_text = as_text(body.kept) is not None
    if not is_text:
        coding = field_value(headers, "content-encoding")
        is_complete = decodes or coding is None
        if is_complete:
            text = _text(_decoded_text(body, coding, headers))
    fields = (
        _length(len(body.kept)),
        body.kept,
        TRUE if body.truncated else FALSE,
        state,
        TRUE if is_text else FALSE,
        text,
    )
    return b"".join(fields), is_complete


def _decoded_text(
    body: Body, coding: str | None, headers: Fields | HeaderObject
) -> str | None:
    """As it is searched: in its declared charset, too."""
    declared = field_value(headers, "content-type")
    if coding is None:
        return text_of(body.kept, declared, truncated=body.truncated)
    content = decoded(
        body.kept, coding, limit=SEARCHED_TEXT_BYTES, truncated=body.truncated
    )
    return text_of(content.content, declared, truncated=not content.complete)


def _text(value: str | None) -> bytes:
    if value is None:
        return NULL
    content = value.encode()
    return _length(len(content)) + content


@lru_cache(maxsize=8192)
def _endpoint(path: str) -> bytes:
    return _text(endpoint_of(path))


# Of values that repeat, such as methods: a few of each.
_common = lru_cache(maxsize=8192)(_text)


def _bytes(value: bytes) -> bytes:
    return _length(len(value)) + value


def _length(size: int) -> bytes:
    return SHORT[size] if size < len(SHORT) else LENGTH.pack(size)


def _float(value: float | None) -> bytes:
    return NULL if value is None else FLOAT.pack(8, value)


def _bigint(value: int | None) -> bytes:
    return NULL if value is None else BIGINT.pack(8, value)


def _texts(values: tuple[str, ...]) -> bytes:
    """An array of one dimension, from 1."""
    content = struct.pack("!iiiii", 1, 0, TEXT_OID, len(values), 1)
    return _bytes(content + b"".join([_text(value) for value in values]))
