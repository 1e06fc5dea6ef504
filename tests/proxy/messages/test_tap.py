"""Messages are read alike however their bytes are cut, and within bounds."""

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode

from monitor.traffic.message import (
    Direction,
    Message,
    MessageKind,
    Messages,
    MessageState,
)
from proxy.messages.afterwards import Afterwards
from proxy.messages.tap import EventTap, MessageBounds, WebSocketTap
from tests.support.cuts import cut

AMPLE = MessageBounds(count=1000, each_bytes=1 << 20, all_bytes=1 << 24)
PLAIN = ""
DEFLATE = "permessage-deflate"
ANEW = "permessage-deflate; client_no_context_takeover; server_no_context_takeover"
SMALL = "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9"
KINDS = {Opcode.TEXT: MessageKind.TEXT, Opcode.BINARY: MessageKind.BINARY}
TEXTS = st.text(max_size=60).map(str.encode)
BLOBS = st.binary(max_size=300) | st.just(b"\0" * 70_000)


@dataclass
class Side:
    """websockets as the encoder of one direction."""

    is_client: bool
    extensions: str

    def __post_init__(self) -> None:
        anew = "no_context_takeover" in self.extensions
        bits = 9 if "max_window_bits" in self.extensions else 15
        self._deflate = (
            [PerMessageDeflate(anew, anew, bits, bits)] if self.extensions else []
        )

    def write(self, opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
        frame = Frame(opcode, data, fin=fin)
        return frame.serialize(mask=self.is_client, extensions=self._deflate)

    def message(self, kind: Opcode, parts: list[bytes], ping: bytes | None) -> bytes:
        """In as many frames as there are *parts*, a ping between them."""
        written = b""
        for n, part in enumerate(parts):
            opcode = Opcode.CONT if n else kind
            written += self.write(opcode, part, fin=n == len(parts) - 1)
            if ping is not None and n < len(parts) - 1:
                written += self.write(Opcode.PING, ping)
        return written


def tapped(
    pieces: list[bytes],
    *,
    extensions: str = PLAIN,
    bounds: MessageBounds = AMPLE,
    sent: bool = True,
) -> Messages:
    tap = WebSocketTap(bounds, began=0.0, extensions=extensions)
    for n, piece in enumerate(pieces):
        (tap.sent if sent else tap.received)(piece, float(n))
    return tap.messages(float(len(pieces)))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Opcode.TEXT, Opcode.BINARY]),
            st.lists(TEXTS | BLOBS, min_size=1, max_size=3),
            st.none() | st.binary(max_size=125),
        ),
        max_size=5,
    ),
    st.sampled_from([PLAIN, DEFLATE, ANEW, SMALL]),
    st.booleans(),
    st.data(),
)
def test_what_another_library_wrote_is_read_however_it_is_cut(
    written: list[tuple[Opcode, list[bytes], bytes | None]],
    extensions: str,
    is_client: bool,
    data: st.DataObject,
) -> None:
    side = Side(is_client, extensions)
    stream = b"".join(side.message(*message) for message in written)
    stream += side.write(Opcode.CLOSE, Close(1000, "bye").serialize())
    found = tapped(data.draw(cut(stream)), extensions=extensions, sent=is_client)
    assert found.problem is None
    whole = [m for m in found.kept if m.kind in KINDS.values()]
    assert [(m.kind, m.kept, m.size) for m in whole] == [
        (KINDS[kind], joined, len(joined))
        for kind, parts, _ in written
        for joined in [b"".join(parts)]
    ]
    pings = [m.kept for m in found.kept if m.kind is MessageKind.PING]
    assert pings == [
        ping for _, parts, ping in written if ping is not None for _ in parts[1:]
    ]
    assert found.kept[-1].kept == b"\x03\xe8bye"
    expected = Direction.SENT if is_client else Direction.RECEIVED
    assert {m.direction for m in found.kept} == {expected}
    assert not any(m.truncated for m in found.kept)


@given(
    st.binary(max_size=400),
    st.sampled_from([PLAIN, DEFLATE, ANEW]),
    st.integers(0, 20),
    st.data(),
)
def test_no_bytes_break_it(
    stream: bytes, extensions: str, limit: int, data: st.DataObject
) -> None:
    bounds = MessageBounds(count=3, each_bytes=limit, all_bytes=30)
    found = tapped(data.draw(cut(stream)), extensions=extensions, bounds=bounds)
    assert len(found.kept) <= 3
    assert all(len(m.kept) <= limit for m in found.kept)
    assert sum(len(m.kept) for m in found.kept) <= 30
    assert found.count >= len(found.kept)


def test_each_message_has_the_time_of_its_last_byte() -> None:
    side = Side(True, PLAIN)
    first, second = side.write(Opcode.TEXT, b"one"), side.write(Opcode.TEXT, b"two")
    found = tapped([first[:4], first[4:] + second[:1], second[1:]])
    assert [m.offset_ms for m in found.kept] == [1000.0, 2000.0]


def test_messages_beyond_the_bounds_are_counted() -> None:
    side = Side(True, DEFLATE)
    stream = b"".join(side.write(Opcode.TEXT, b"message %d" % n) for n in range(500))
    bounds = MessageBounds(count=10, each_bytes=4, all_bytes=30)
    found = tapped([stream], extensions=DEFLATE, bounds=bounds)
    assert found.count == 500
    assert [m.kept for m in found.kept] == [b"mess"] * 7 + [b"me"] + [b""] * 2
    assert [m.size for m in found.kept[:8]] == [9] * 8
    assert all(m.truncated for m in found.kept)


def test_a_bomb_is_left_where_it_gets_too_large() -> None:
    side = Side(False, DEFLATE)
    stream = side.write(Opcode.BINARY, b"\0" * 50_000_000)
    stream += side.write(Opcode.TEXT, b"after")
    found = tapped([stream], extensions=DEFLATE, sent=False)
    bomb, after = found.kept
    assert (len(bomb.kept), bomb.size, bomb.truncated) == (1 << 20, None, True)
    # It refers to what was left, so it stays as it passed.
    assert after.state is MessageState.CODED
    assert after.kept != b"after"
    assert found.count == 2


def test_after_a_bomb_others_are_read_where_each_begins_anew() -> None:
    side = Side(False, ANEW)
    stream = side.write(Opcode.BINARY, b"\0" * 50_000_000)
    stream += side.write(Opcode.TEXT, b"after")
    found = tapped([stream], extensions=ANEW, sent=False)
    assert found.kept[1].kept == b"after"


def test_a_last_block_may_end_a_message() -> None:
    """RFC 7692 7.2.3.4."""
    packer = zlib.compressobj(wbits=-15)
    payload = packer.compress(b"Hello") + packer.flush(zlib.Z_FINISH) + b"\0"
    frame = bytes([0xC1, len(payload)]) + payload
    found = tapped([frame, frame], extensions=DEFLATE, sent=False)
    assert [m.kept for m in found.kept] == [b"Hello", b"Hello"]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"\xc1\x00", "not agreed on"),
        (b"\x83\x00", "no known kind"),
        (b"\x8b\x00", "no known kind"),
        (b"\x09\x00", "control frame"),
        (b"\x88\x7e\x00\x80", "control frame"),
        (b"\x80\x00", "continuation of nothing"),
        (b"\x01\x00\x81\x00", "within another"),
        (b"GET / HTTP/1.1", "not agreed on"),
    ],
)
def test_what_is_no_frame_ends_the_reading_of_its_direction(
    frame: bytes, words: str
) -> None:
    tap = WebSocketTap(AMPLE, began=0.0, extensions=PLAIN)
    tap.received(b"\x81\x02hi" + frame + b"\x81\x02no", 0.0)
    tap.sent(Side(True, PLAIN).write(Opcode.TEXT, b"on"), 0.0)
    found = tap.messages(0.0)
    assert [m.kept for m in found.kept if m.size is not None] == [b"hi", b"on"]
    assert found.problem is not None
    assert found.problem.startswith("received: ")
    assert words in found.problem


def test_a_message_that_does_not_end_is_kept_as_cut() -> None:
    [message] = tapped([Side(True, PLAIN).write(Opcode.TEXT, b"hello")[:-2]]).kept
    assert (message.kept, message.size, message.truncated) == (b"hel", None, True)


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
}


def events(
    pieces: list[bytes], *, coding: str = "", bounds: MessageBounds = AMPLE
) -> Messages:
    tap = EventTap(bounds, began=0.0, coding=coding)
    for n, piece in enumerate(pieces):
        tap.received(piece, float(n))
    return tap.messages(0.0)


def about(message: Message) -> tuple[Any, ...]:
    return message.name, message.event_id, message.kept, message.size


@given(st.sampled_from(sorted(CODINGS)), st.data())
def test_events_are_read_under_a_content_coding(
    coding: str, data: st.DataObject
) -> None:
    stream = b"".join(b"event: e\nid: %d\ndata: %d\n\n" % (n, n) for n in range(9))
    found = events(data.draw(cut(CODINGS[coding](stream))), coding=coding)
    assert [about(m) for m in found.kept] == [
        ("e", str(n), b"%d" % n, 1) for n in range(9)
    ]
    assert (found.count, found.problem) == (9, None)


@given(st.sampled_from(["", "gzip", "deflate", "br", "zstd"]), st.data())
def test_no_bytes_break_the_reading_of_events(coding: str, data: st.DataObject) -> None:
    stream = data.draw(st.binary(max_size=300))
    if coding in CODINGS and data.draw(st.booleans()):
        # Coded as it should be, and damaged at one place.
        coded = bytearray(CODINGS[coding](stream))
        if coded:
            coded[data.draw(st.integers(0, len(coded) - 1))] ^= data.draw(
                st.integers(0, 255)
            )
        stream = bytes(coded)
    bounds = MessageBounds(count=3, each_bytes=5, all_bytes=9)
    found = events(data.draw(cut(stream)), coding=coding, bounds=bounds)
    assert len(found.kept) <= 3
    assert sum(len(m.kept) for m in found.kept) <= 9


def test_each_event_has_its_own_time() -> None:
    found = events([b"data: a\n\ndata: b\n", b"\n"])
    assert [m.offset_ms for m in found.kept] == [0.0, 1000.0]


def test_events_beyond_the_bounds_are_counted() -> None:
    bounds = MessageBounds(count=2, each_bytes=3, all_bytes=5)
    found = events([b"data: hello\n\n" * 100], bounds=bounds)
    assert [(m.kept, m.size) for m in found.kept] == [(b"hel", 5), (b"he", 5)]
    assert found.count == 100


def test_names_and_ids_take_of_the_room() -> None:
    bounds = MessageBounds(count=9, each_bytes=9, all_bytes=12)
    found = events([b"event: price\nid: 17\ndata: a\n\n" * 3], bounds=bounds)
    assert [m.kept for m in found.kept] == [b"a", b"a", b""]


@pytest.mark.parametrize(
    ("coding", "content", "words"),
    [
        ("gzip", b"no gzip", "damaged"),
        ("br", b"\xff" * 9, "too wide"),
        ("br", b"\x0bno brotli", "damaged"),
        ("zstd, gzip", b"x", "not undone"),
        ("gzip", gzip.compress(b"\n" * 50_000_000), "expands too much"),
    ],
)
def test_a_coding_that_cannot_be_undone_is_said(
    coding: str, content: bytes, words: str
) -> None:
    found = events([content, b"data: a\n\n"], coding=coding)
    assert found.kept == ()
    assert found.problem is not None
    assert words in found.problem


def test_what_passes_is_read_in_the_next_turn_of_the_loop() -> None:
    soon: list[Callable[[], None]] = []
    told = EventTap(AMPLE, began=0.0, coding=None)
    tap = Afterwards(told, soon=soon.append)
    for n in range(3):
        tap.received(b"data: a\n\n", float(n))
    assert told.messages(0.0).count == 0
    [turn] = soon
    turn()
    assert told.messages(0.0).count == 3
    # Each has the time at which it came.
    assert [m.offset_ms for m in told.messages(0.0).kept] == [0.0, 1000.0, 2000.0]
    tap.received(b"data: b\n\n", 3.0)
    assert tap.messages(3.0).count == 4
    soon[1]()
    assert tap.messages(3.0).count == 4


def test_inflaters_that_are_begun_anew_are_work() -> None:
    """A last block of two bytes, which another one may follow."""
    tap = WebSocketTap(AMPLE, began=0.0, extensions=DEFLATE)
    blocks = b"\x03\x00" * 50_000
    head = b"\xc1\x7f" + len(blocks).to_bytes(8)
    done = list(tap.reading(Direction.RECEIVED, head + blocks, 0.0))
    assert sum(done) > 49_000
    assert max(done) < 1_000
