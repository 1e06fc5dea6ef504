"""Records of the spool: an exchange as bytes, and read from them.

A record holds the exchange's rows as PostgreSQL takes them, so that the recorder copies
bytes; behind them is what no row says.
"""

import struct
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson

from monitor.record.columns import (
    BODY_COLUMNS,
    COUNT_SIZE,
    DETAIL_COLUMNS,
    ID_SIZE,
    LENGTH_SIZE,
    LOG_COLUMNS,
    TIME_COLUMNS,
    place_in_row,
)
from monitor.record.complete import padded, with_texts
from monitor.record.messages import messages_of
from monitor.record.messages import packed as packed_messages
from monitor.record.pack import (
    BODY_BEGINS,
    DETAIL_BEGINS,
    LOG_BEGINS,
    Rows,
    key_of,
    pack,
)
from monitor.record.passed.sections import HEAD as PASSED_HEAD
from monitor.record.passed.sections import MARK as PASSED
from monitor.record.passed.sections import Sections
from monitor.record.unpack import named_fields_of, number_of, tags_of, uuid_in
from monitor.traffic.arrival import Arrival
from monitor.traffic.exchange import (
    NO_TIMINGS,
    REDACTED,
    Body,
    Exchange,
    Source,
    Timings,
    read_state,
)
from monitor.traffic.fields import headers_of
from monitor.traffic.ids import known_uuid, timestamp_of, uuid_from
from monitor.traffic.target import parameters_of

# A mark of this form of records; lengths of the rows of log, details and bodies, and of
# the messages' JSON; sizes of the two bodies, -1 for none; whether rows are complete.
HEAD: Final = struct.Struct("<4sIIIIqq?")
MARK: Final = b"\xffrw1"
# Where a log's row holds its ids, and the length of the source behind them.
IDS: Final = struct.Struct(f"!{place_in_row('id')}x{ID_SIZE}s{LENGTH_SIZE}x{ID_SIZE}si")


class Recorded:
    """A record that was read back.

    *key* is its id as bytes, of which there are many. *arrival* stands beside a record.
    """

    __slots__ = (
        "_ends",
        "_is_complete",
        "arrival",
        "has_messages",
        "key",
        "passed",
        "record",
        "service_id",
        "source",
    )

    def __init__(self, record: bytes, arrival: Arrival | None = None) -> None:
        """Raises ValueError for what neither *encode* nor the proxy packed."""
        self.arrival = arrival
        self.record = record
        # Its parts, where it passed the proxy.
        self.passed: Sections | None = None
        if record[: len(PASSED)] == PASSED:
            self.passed = passed = Sections(record)
            self.has_messages = passed.messages_end > passed.messages
            begin = PASSED_HEAD.size
        else:
            log, detail, body, messages, self._is_complete = _lengths(record)
            begin = HEAD.size
            log_end = begin + log
            self._ends = log_end, log_end + detail, log_end + detail + body
            self.has_messages = messages > 0
        try:
            self.key, service_id, length = IDS.unpack_from(record, begin)
        except struct.error:
            raise ValueError("a record's row is cut") from None
        start = begin + IDS.size
        self.service_id = known_uuid(service_id)
        self.source = _source(record[start : start + length])

    @property
    def id(self) -> UUID:
        return uuid_from(self.key)

    @property
    def started_at(self) -> datetime:
        return timestamp_of(self.id)

    def rows(self) -> Rows:
        """As they were packed, with whole heads, and with what they still lack."""
        passed = self.passed
        if passed is not None:
            return Rows(passed.log(), passed.detail(), [passed.bodies()])
        record, (log_end, detail_end, body_end) = self.record, self._ends
        log, detail = record[HEAD.size : log_end], record[log_end:detail_end]
        body = record[detail_end:body_end]
        if body:
            if not self._is_complete:
                body = with_texts(body, detail)
            body = padded(body, BODY_BEGINS)
        return Rows(padded(log, LOG_BEGINS), padded(detail, DETAIL_BEGINS), [body])

    def exchange(self) -> Exchange:
        return decode(self.record)


def encode(exchange: Exchange) -> bytes:
    """Of what did not pass the proxy. Raises ValueError for what no row holds."""
    sent, received = exchange.request_body, exchange.response_body
    rows = pack(exchange, decodes=False)
    messages, texts = packed_messages(exchange.messages)
    head = HEAD.pack(
        MARK,
        len(rows.log),
        len(rows.detail),
        sum([len(part) for part in rows.parts]),
        len(messages),
        -1 if sent is None else sent.size,
        -1 if received is None else received.size,
        rows.is_complete,
    )
    return b"".join([head, rows.log, rows.detail, *rows.parts, messages, texts])


def with_id(record: bytes, id: UUID) -> bytes:
    """*record* as it were with another id, and so of another moment."""
    log, detail, body, _, _ = _lengths(record)
    key, made = key_of(id), bytearray(record)
    starts = [HEAD.size, HEAD.size + log]
    if body:
        starts.append(HEAD.size + log + detail)
    for start in starts:
        begin = start + COUNT_SIZE
        made[begin : begin + len(key)] = key
    return bytes(made)


@lru_cache(maxsize=16)
def _source(field: bytes) -> Source:
    return Source(field.decode())


def decode(record: bytes) -> Exchange:
    """The exchange that was packed. Raises ValueError for anything else."""
    try:
        if record[: len(PASSED)] == PASSED:
            return _decoded_passed(Sections(record))
        log_length, detail_length, body_length, messages_length, _ = _lengths(record)
        *_, sent_size, received_size, _ = HEAD.unpack_from(record)
        log_end = HEAD.size + log_length
        detail_end = log_end + detail_length
        body_end = detail_end + body_length
        messages_end = body_end + messages_length
        return _decoded(
            log=record[HEAD.size : log_end],
            detail=record[log_end:detail_end],
            body=record[detail_end:body_end],
            about=record[body_end:messages_end],
            texts=record[messages_end:],
            sizes=(sent_size, received_size),
        )
    except (LookupError, TypeError, struct.error) as error:
        raise ValueError(f"a record is not an exchange: {error}") from None


def _decoded_passed(passed: Sections) -> Exchange:
    record = passed.record
    return _decoded(
        log=passed.log(),
        detail=passed.detail(),
        body=record[passed.body : passed.lacking],
        about=record[passed.messages : passed.messages_end],
        texts=record[passed.messages_end :],
        sizes=(passed.sent_size, passed.received_size),
    )


def _decoded(
    *,
    log: bytes,
    detail: bytes,
    body: bytes,
    about: bytes,
    texts: bytes,
    sizes: tuple[int, int],
) -> Exchange:
    """Of its rows, and of what stands behind them."""
    details = named_fields_of(detail, DETAIL_COLUMNS)
    bodies: dict[str, bytes | None] = {}
    if body:
        bodies = named_fields_of(body, BODY_COLUMNS)
    return Exchange(
        **_of_log(named_fields_of(log, LOG_COLUMNS)),
        request_headers=headers_of(details["request_headers"]),
        response_headers=headers_of(details["response_headers"]),
        timings=_timings([details[column] for column in TIME_COLUMNS]),
        request_body=_body(sizes[0], bodies, "request"),
        response_body=_body(sizes[1], bodies, "response"),
        messages=messages_of(orjson.loads(about) if about else None, texts),
    )


def _lengths(record: bytes) -> tuple[int, int, int, int, bool]:
    """Of the rows, and of the messages' JSON; whether the rows are complete."""
    if len(record) < HEAD.size:
        raise ValueError("a record is shorter than its head")
    mark, log, detail, body, messages, _, _, is_complete = HEAD.unpack_from(record)
    if mark != MARK:
        raise ValueError("a record has another form")
    if HEAD.size + log + detail + body + messages > len(record):
        raise ValueError("a record's lengths do not add up to its size")
    return log, detail, body, messages, is_complete


def _of_log(fields: dict[str, bytes | None]) -> dict[str, Any]:
    tags, path = fields["tags"], _text(fields["path"])
    url, origin, client_url, client_origin, query = [
        _text(fields[name])
        for name in ("url", "origin", "client_url", "client_origin", "query")
    ]
    return {
        "id": uuid_in(fields["id"]),
        "service_id": uuid_in(fields["service_id"]),
        "source": Source(_text(fields["source"]) or ""),
        "query_params": parameters_of(fields["query_params"], query),
        "status_code": number_of(fields["status_code"], "h"),
        "replay_of": uuid_in(fields["replay_of"]),
        "tags": () if tags is None else tags_of(tags),
        "method": _text(fields["method"]),
        "url": url if origin is None else f"{origin}{path}{query or ''}",
        "path": path,
        "client_url": client_url
        if client_origin is None
        else f"{client_origin}{path}{query or ''}",
        "error": _text(fields["error"]),
        "source_ip": _text(fields["source_ip"]),
        "latency_ms": number_of(fields["latency_ms"], "d"),
        "duration_ms": number_of(fields["duration_ms"], "d"),
        "request_size": number_of(fields["request_size"], "q"),
        "response_size": number_of(fields["response_size"], "q"),
    }


def _text(field: bytes | None) -> str | None:
    return None if field is None else field.decode()


def _timings(fields: list[bytes | None]) -> Timings:
    if not any(fields):
        return NO_TIMINGS
    connect_ms, tls_ms, ttfb_ms, overhead_ms = [number_of(f, "d") for f in fields]
    return Timings(
        connect_ms=connect_ms,
        tls_ms=tls_ms,
        ttfb_ms=ttfb_ms,
        overhead_ms=overhead_ms,
    )


def _body(size: int, bodies: dict[str, bytes | None], side: str) -> Body | None:
    """*bodies*: none, where neither side has anything of one."""
    if size < 0:
        return None
    state = bodies.get(f"{side}_state")
    known, is_limited = read_state((state or b"").decode())
    return Body(
        kept=bodies.get(f"{side}_body") or b"",
        size=size,
        state=known,
        is_limited=is_limited,
        is_cut=known is REDACTED and bodies.get(f"{side}_truncated") == b"\1",
    )
