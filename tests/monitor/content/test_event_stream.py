"""Events are read alike however their bytes are cut (WHATWG HTML 9.2.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.content.event_stream import MAX_LABEL_BYTES, Event, EventReader
from tests.support.cuts import cut

LINES = st.lists(
    st.sampled_from(
        [
            b"data: a",
            b"data:b",
            b"data:  c",
            b"data",
            b"data: \xf0\x9f\x90\x98",
            b"event: price",
            b"event:",
            b"id: 7",
            b"id: bad\0",
            b"retry: 10",
            b": comment",
            b"unknown: x",
            b"",
            b"",
        ]
    ),
    max_size=20,
)


def events_of(*pieces: bytes, limit: int = 1000) -> list[Event]:
    reader = EventReader(limit=limit)
    return [event for piece in pieces for event in reader.feed(piece)]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_the_examples_of_the_standard_are_read(end: bytes) -> None:
    lines = [
        b": test stream",
        b"",
        b"data: first event",
        b"id: 1",
        b"",
        b"data:second event",
        b"id",
        b"",
        b"data:  third event",
        b"",
        b"event: add",
        b"data: YHOO",
        b"data: +2",
        b"data: 10",
        b"",
        b"data",
        b"",
        b"data",
        b"data",
        b"",
        b"data: not ended",
    ]
    assert events_of(end.join(lines)) == [
        Event(None, "1", b"first event", 11),
        Event(None, "", b"second event", 12),
        Event(None, None, b" third event", 12),
        Event("add", None, b"YHOO\n+2\n10", 10),
        Event(None, None, b"", 0),
        Event(None, None, b"\n", 1),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert events_of(b"\xef", b"\xbb\xbfdata: a\n\n") == [Event(None, None, b"a", 1)]


def test_an_id_with_a_nul_is_none() -> None:
    assert events_of(b"id: a\0\ndata: b\n\n") == [Event(None, None, b"b", 1)]


@given(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"]), st.data())
def test_any_cut_gives_the_same_events(
    lines: list[bytes], end: bytes, data: st.DataObject
) -> None:
    stream = end.join(lines)
    pieces = data.draw(cut(stream))
    assert events_of(*pieces) == events_of(stream)


@given(st.binary(max_size=200), st.integers(0, 20), st.data())
def test_no_bytes_break_it_and_it_keeps_no_more_than_its_limit(
    stream: bytes, limit: int, data: st.DataObject
) -> None:
    whole = events_of(stream)
    pieces = data.draw(cut(stream))
    for event, full in zip(events_of(*pieces, limit=limit), whole, strict=True):
        assert event.data == full.data[:limit]
        assert event.size == full.size == len(full.data)


def test_a_line_without_an_end_is_held_to_the_limit() -> None:
    reader = EventReader(limit=100)
    for _ in range(1000):
        assert list(reader.feed(b"data: " + b"x" * 10_000)) == []
    assert len(reader._line) <= 100 + 16 + MAX_LABEL_BYTES
    [event] = reader.feed(b"\n\n")
    assert (event.data, event.size) == (b"x" * 100, 1000 * 10_006 - 6)
