"""An exchange survives the way through the spool unchanged."""

import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.codec import decode, encode
from monitor.exchange import Body, BodyState, Exchange, Source, Timings
from monitor.ids import LogIds, bucket_of, is_log_id, timestamp_of
from monitor.messages import (
    Direction,
    Medium,
    Message,
    MessageKind,
    Messages,
    MessageState,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
pairs = st.lists(st.tuples(texts, texts), max_size=4).map(tuple)
objects = st.dictionaries(texts, texts | st.lists(texts, max_size=3), max_size=4)
bodies = st.none() | st.builds(
    Body,
    kept=st.binary(max_size=50),
    size=st.integers(0, 1 << 40),
    state=st.sampled_from(BodyState),
)
times = st.none() | st.floats(0, 1e9)
messages = st.builds(
    Messages,
    medium=st.sampled_from(Medium),
    kept=st.lists(
        st.builds(
            Message,
            direction=st.sampled_from(Direction),
            kind=st.sampled_from(MessageKind),
            offset_ms=st.floats(0, 1e9),
            kept=st.binary(max_size=20),
            size=st.none() | st.integers(0, 1 << 40),
            wire_size=st.integers(0, 1 << 40),
            state=st.sampled_from(MessageState),
            name=st.none() | texts,
            event_id=st.none() | texts,
        ),
        max_size=4,
    ).map(tuple),
    count=st.integers(0, 1 << 40),
    problem=st.none() | texts,
)
exchanges = st.builds(
    Exchange,
    id=st.builds(lambda: LogIds().new()),
    service_id=st.uuids(),
    source=st.sampled_from(Source),
    method=texts,
    url=texts,
    path=texts,
    client_url=st.none() | texts,
    query_params=objects,
    status_code=st.none() | st.integers(100, 999),
    latency_ms=times,
    duration_ms=times,
    error=st.none() | texts,
    source_ip=st.none() | texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    request_headers=pairs | objects,
    response_headers=pairs | objects,
    request_body=bodies,
    response_body=bodies,
    request_size=st.none() | st.integers(0, 1 << 50),
    response_size=st.none() | st.integers(0, 1 << 50),
    replay_of=st.none() | st.uuids(),
    timings=st.builds(
        Timings, connect_ms=times, tls_ms=times, ttfb_ms=times, overhead_ms=times
    ),
    messages=st.none() | messages,
)


@given(exchanges)
def test_what_was_encoded_is_decoded_equal(exchange: Exchange) -> None:
    assert decode(encode(exchange)) == exchange


def test_a_record_of_an_earlier_version_is_read() -> None:
    """As the version without timings and messages wrote it."""
    rest = (
        b'{"id":"019ab8a0-0000-7000-8000-000000000001",'
        b'"service_id":"4be0643f-1d98-4d61-a0cb-d6a3f7d0c4c6","source":"proxy",'
        b'"method":"GET","url":"http://x/","path":"/","client_url":null,'
        b'"query_params":{},"status_code":200,"latency_ms":1.5,"duration_ms":null,'
        b'"error":null,"source_ip":null,"tags":[],"request_headers":[["A","b"]],'
        b'"response_headers":[],"request_body":[2,"kept"],"response_body":[3,"kept"],'
        b'"request_size":2,"response_size":3,"replay_of":null}'
    )
    record = struct.pack("<III", len(rest), 2, 3) + rest + b"hiyou"
    exchange = decode(record)
    assert exchange.request_body == Body(kept=b"hi", size=2)
    assert exchange.response_body == Body(kept=b"you", size=3)
    assert (exchange.timings, exchange.messages) == (Timings(), None)
    with pytest.raises(ValueError, match="add up"):
        decode(record + b"x")


@given(st.binary(max_size=60))
def test_other_bytes_are_a_value_error(record: bytes) -> None:
    with pytest.raises(ValueError, match=r"record|unexpected|JSON|expected"):
        decode(record)


def test_ids_ascend_and_carry_time_and_bucket() -> None:
    ids = LogIds(bucket=0xBEEF)
    made = [ids.new() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {bucket_of(id) for id in made} == {0xBEEF}
    assert all(is_log_id(id) for id in made)
    moment = timestamp_of(made[0])
    assert timestamp_of(ids.at(moment)) == moment


def test_an_id_of_another_kind_is_recognised() -> None:
    assert not is_log_id(UUID("00000000-0000-4000-8000-000000000000"))
