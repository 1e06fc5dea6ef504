"""Exchanges that hypothesis makes: whatever a record may hold."""

from dataclasses import replace

from hypothesis import strategies as st

from monitor.traffic.exchange import Body, BodyState, Exchange, Source, Timings
from monitor.traffic.ids import LogIds
from monitor.traffic.message import (
    Direction,
    Medium,
    Message,
    MessageKind,
    Messages,
    MessageState,
)
from monitor.traffic.target import parameters_of

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
pairs = st.lists(st.tuples(texts, texts), max_size=4).map(tuple)
objects = st.dictionaries(texts, texts | st.lists(texts, max_size=3), max_size=4)
bodies = (
    st.none()
    | st.builds(
        Body,
        kept=st.binary(max_size=50),
        size=st.integers(0, 1 << 40),
        state=st.sampled_from([BodyState.KEPT, BodyState.REDACTED]),
    )
    | st.builds(
        Body,
        kept=st.just(b""),
        size=st.integers(0, 99),
        state=st.sampled_from(BodyState),
    )
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
origins = st.sampled_from(["http://shop", "https://a@shop:8443/v1", "http:", "x", ""])
targets = st.builds(
    lambda origin, client_origin, path, query, parameters: {
        "url": f"{origin}{path}{query}",
        "client_url": f"{client_origin}{path}{query}",
        "path": path,
        "query_params": parameters_of(None, query)
        if parameters is None
        else parameters,
    },
    origins,
    origins,
    st.sampled_from(["/", "/a", "/a/b", "a", "/a?b=1", "//a"]),
    st.text("?&=ab%+#1", max_size=9),
    st.none() | st.sampled_from([{}, {"a": "1"}, {"a": 1}, {"a": ["1", "b"]}]),
)
exchanges |= st.builds(
    lambda exchange, target: replace(exchange, **target), exchanges, targets
)
