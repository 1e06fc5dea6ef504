"""An exchange survives the way through the spool unchanged."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.record.codec import MARK, Recorded, decode, encode, with_id
from monitor.record.pack import pack
from monitor.record.unpack import fields_of
from monitor.traffic.exchange import Body, Exchange, Source
from monitor.traffic.ids import LogIds, bucket_of, is_log_id, timestamp_of
from tests.support.exchanges import former_record
from tests.support.generated_exchanges import exchanges


@given(exchanges)
def test_what_was_encoded_is_decoded_equal(exchange: Exchange) -> None:
    assert decode(encode(exchange)) == exchange


@given(exchanges)
def test_a_record_says_what_is_needed_to_store_it(exchange: Exchange) -> None:
    record = Recorded(encode(exchange))
    assert (record.id, record.service_id) == (exchange.id, exchange.service_id)
    assert (record.source, record.started_at) == (exchange.source, exchange.started_at)
    assert record.has_messages == (exchange.messages is not None)
    assert record.exchange() == exchange
    assert record.rows() == pack(exchange)


@given(exchanges)
def test_a_record_takes_another_id_and_changes_in_nothing_else(
    exchange: Exchange,
) -> None:
    record, id = encode(exchange), LogIds().new()
    exchange.id = id
    assert with_id(record, id) == encode(exchange)


GZIP = ("Content-Encoding", "gzip")
LATIN = ("content-type", "text/plain; charset=iso-8859-1")
NEEDLE = "näh needle".encode()


def a_get(**fields: Any) -> Exchange:
    return Exchange(
        id=LogIds().new(),
        service_id=UUID(int=1),
        source=Source.PROXY,
        method="GET",
        url="http://x/",
        path="/",
        **fields,
    )


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((GZIP,), gzip.compress(NEEDLE, mtime=0)),
        ((GZIP, LATIN), gzip.compress("näh needle".encode("latin-1"), mtime=0)),
        ((("X", "1"), GZIP), gzip.compress(NEEDLE * 99, mtime=0)[:-20]),
        ({"Content-Encoding": "gzip"}, gzip.compress(NEEDLE, mtime=0)),
        ((GZIP,), gzip.compress(b"", mtime=0)),
        ((GZIP,), b"\x1f\x8b and damaged"),
        ((GZIP,), NEEDLE),
        ((("Content-Encoding", "unknown"),), b"\0needle"),
    ],
)
def test_a_coded_body_is_decoded_once_it_is_stored(headers: Any, body: bytes) -> None:
    answer = a_get(
        response_headers=headers,
        response_body=Body(kept=body, size=2 * len(body) if body[-1] else len(body)),
        request_body=Body(kept=b"plain", size=5),
    )
    request = a_get(request_headers=headers, request_body=answer.response_body)
    both = replace(
        request, response_headers=headers, response_body=request.request_body
    )
    for exchange in (answer, request, both):
        record = encode(exchange)
        assert Recorded(record).rows() == pack(exchange)
        if b"needle" not in body:
            assert b"needle" not in record


@given(exchanges, st.integers(1, 3))
def test_a_record_of_fewer_columns_is_stored_with_nulls(
    exchange: Exchange, missing: int
) -> None:
    """As one is whose process knew fewer of them."""
    now, again = pack(exchange), Recorded(former_record(exchange, missing)).rows()
    for row, former in (
        (now.log, again.log),
        (now.detail, again.detail),
        (now.body, again.body),
    ):
        if not row:
            assert not former
            continue
        fields = fields_of(former)
        assert fields[:-missing] == fields_of(row)[:-missing]
        assert fields[-missing:] == [None] * missing


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda b: MARK + b))
def test_other_bytes_are_a_value_error(record: bytes) -> None:
    with pytest.raises(ValueError, match=r"record|unexpected|JSON|expected"):
        decode(record)


@given(exchanges, st.data())
def test_a_record_that_is_cut_is_a_value_error(
    exchange: Exchange, data: st.DataObject
) -> None:
    record = encode(exchange)
    with pytest.raises(ValueError, match=r"record|JSON|Source|expected"):
        decode(record[: data.draw(st.integers(0, len(record) - 1))])


@pytest.mark.parametrize(
    "change", [{"status_code": 99_999}, {"url": "\ud800"}, {"request_size": 1 << 64}]
)
def test_what_no_column_holds_is_a_value_error(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"fits no row|surrogates"):
        encode(replace(a_get(), **change))


def test_ids_ascend_and_carry_time_and_bucket() -> None:
    ids = LogIds(bucket=0xBEEF)
    made = [ids.new() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {bucket_of(id) for id in made} == {0xBEEF}
    assert all(is_log_id(id) for id in made)
    moment = timestamp_of(made[0])
    assert timestamp_of(ids.at(moment)) == moment


def test_ids_of_one_millisecond_ascend_as_they_are_given() -> None:
    """However many lie between, and for another object of the same bucket later on."""
    moment = datetime(2020, 1, 2, tzinfo=UTC)
    ids = LogIds(bucket=7)
    made = []
    for n in range(300_000):
        other = ids.at(moment + timedelta(milliseconds=1 + n % 50))
        if n % 1000 == 0:
            made.append(ids.at(moment))
        assert timestamp_of(other) > moment
    assert made == sorted(made)
    assert len(set(made)) == 300
    assert bucket_of(made[0]) == 7


def test_an_id_of_another_kind_is_recognised() -> None:
    assert not is_log_id(UUID("00000000-0000-4000-8000-000000000000"))
