"""An exchange survives the way through the spool unchanged."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.codec import decode, encode
from monitor.exchange import Body, BodyState, Exchange, Source
from monitor.ids import LogIds, bucket_of, is_log_id, timestamp_of

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
pairs = st.lists(st.tuples(texts, texts), max_size=4).map(tuple)
objects = st.dictionaries(texts, texts | st.lists(texts, max_size=3), max_size=4)
bodies = st.none() | st.builds(
    Body,
    kept=st.binary(max_size=50),
    size=st.integers(0, 1 << 40),
    state=st.sampled_from(BodyState),
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
    latency_ms=st.none() | st.floats(0, 1e9),
    duration_ms=st.none() | st.floats(0, 1e9),
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
)


@given(exchanges)
def test_what_was_encoded_is_decoded_equal(exchange: Exchange) -> None:
    assert decode(encode(exchange)) == exchange


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
