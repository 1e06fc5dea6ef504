"""Our reading of heads and bodies against that of other people's, on made-up bytes."""

import contextlib

import h11
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.http1.bodies import Chunked, Sized
from proxy.http1.heads import request_line
from proxy.http1.lines import KNOWN, Malformed

PIECES = [
    b"GET", b"POST", b" ", b"/", b"/a?b", b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\n",
    b"\r", b"\r\n\r\n", b"Host: a", b"A: b", b"A:", b":", b"\t", b"\x00", b"\x80",
    b"Content-Length: 3", b"Transfer-Encoding: chunked", b"\x0b", b",", b'"', b"x",
]  # fmt: skip
WORDS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=12)
HEADS = WORDS.map(lambda words: b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(words))
LINES = [
    b"3\r\nabc\r\n", b"0\r\n\r\n", b"a\r\n0123456789\r\n", b"0\r\nA: b\r\n\r\n",
    b"3;a=b\r\nabc\r\n", b"1\r\nx\r\n", b"3\r\nabcd\r\n", b"zz\r\n",
    b"\r\n", b"\n", b"0", b";",
]  # fmt: skip
CHUNKS = st.lists(st.sampled_from(LINES) | st.binary(max_size=3), max_size=8)


@given(HEADS | WORDS.map(b"".join))
@settings(max_examples=600, deadline=None)
def test_what_we_take_for_a_head_h11_reads_the_same(content: bytes) -> None:
    content += b"\r\n\r\n"
    content = content[: content.find(b"\r\n\r\n") + 4]
    try:
        end = content.index(b"\r\n") + 2
        line, lines = request_line(content[:end]), KNOWN.of(content[end:])
    except Malformed:
        return
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(content)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        # What it refuses beyond the grammar, we refuse later, or pass: bytes >= 0x80.
        assert _is_of_meaning(str(error)) or not line.target.isascii(), error
        return
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (
        line.method.encode("latin-1"),
        line.target.encode("latin-1"),
    )
    theirs = [(name, value) for name, value in event.headers.raw_items()]
    ours = [
        (found.name.encode("latin-1"), found.value.encode("latin-1")) for found in lines
    ]
    assert theirs == ours


def _is_of_meaning(error: str) -> bool:
    return any(
        word in error
        for word in ("Host", "Content-Length", "Transfer-Encoding", "target", "NUL")
    )


@given(CHUNKS.map(b"".join), st.integers(1, 7))
@settings(max_examples=600, deadline=None)
def test_chunks_are_read_alike_however_they_are_cut(content: bytes, step: int) -> None:
    whole, pieces = _read([content]), _read(_cut(content, step))
    assert whole[:2] == pieces[:2] or "malformed" in (whole[2], pieces[2])
    assert whole[2] == pieces[2]


@given(CHUNKS.map(b"".join))
@example(b"0 ;a\r\n\r\n")
@settings(max_examples=600, deadline=None)
def test_chunks_we_take_h11_reads_the_same(content: bytes) -> None:
    passed, taken, outcome = _read([content])
    if outcome != "complete":
        return
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + passed
    )
    theirs = b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            assert event is not h11.NEED_DATA
            if isinstance(event, h11.Data):
                theirs += event.data
    except h11.RemoteProtocolError:
        # RFC 9112 7.1.1: blanks may stand before an extension's semicolon.
        assert b" ;" in passed or b"\t;" in passed
        return
    assert theirs == taken


@given(st.binary(max_size=20), st.integers(0, 20), st.integers(1, 5))
def test_a_sized_body_ends_where_it_says(content: bytes, size: int, step: int) -> None:
    taken = bytearray()
    body = Sized(size, taken.extend)
    rest = b""
    for piece in _cut(content, step):
        if body.is_complete:
            rest += piece
        else:
            body.feed(piece)
            rest += body.rest
    assert bytes(taken) == content[:size]
    assert rest == content[size:]
    assert body.is_complete == (len(content) >= size)


def _read(pieces: list[bytes]) -> tuple[bytes, bytes, str]:
    """What may pass, the content, and how it ended."""
    taken, passed = bytearray(), bytearray()
    body = Chunked(taken.extend)
    with contextlib.suppress(Malformed):
        for piece in pieces:
            if body.is_complete:
                break
            passed += body.feed(piece)
        return bytes(passed), bytes(taken), "complete" if body.is_complete else "open"
    return bytes(passed), bytes(taken), "malformed"


def _cut(content: bytes, step: int) -> list[bytes]:
    return [content[start : start + step] for start in range(0, len(content), step)]
