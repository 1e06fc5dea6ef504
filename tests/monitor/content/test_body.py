"""What a kept body says, whatever was done to it."""

import gzip
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.content.body import (
    CODINGS,
    BodyKind,
    as_text,
    decoded,
    field_value,
    is_text,
    kind_of,
)
from monitor.content.layout import hexdump, laid_out
from monitor.json.text import json_pieces, load_json
from monitor.logs.display import shown_body
from monitor.logs.log import StoredBody

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
CONTENT = b'{"a": 1}' * 2_000


def pretty(kind: BodyKind, text: str) -> str:
    return laid_out(kind, text).text


def raw_deflate(content: bytes) -> bytes:
    made = zlib.compressobj(wbits=-15)
    return made.compress(content) + made.flush()


@pytest.mark.parametrize("coding", CODERS)
def test_each_coding_is_undone(coding: str) -> None:
    found = decoded(CODERS[coding](CONTENT), coding.upper(), limit=1 << 20)
    assert (found.content, found.complete) == (CONTENT, True)


def test_raw_deflate_and_lists_are_undone() -> None:
    assert decoded(raw_deflate(CONTENT), "deflate", limit=1 << 20).content == CONTENT
    twice = brotli.compress(gzip.compress(CONTENT))
    assert decoded(twice, "gzip, br", limit=1 << 20).content == CONTENT


@pytest.mark.parametrize("coding", CODERS)
def test_a_bomb_is_left_at_the_limit(coding: str) -> None:
    bomb = CODERS[coding](b"\0" * 50_000_000)
    found = decoded(bomb, coding, limit=10_000)
    assert len(found.content) == 10_000
    assert not found.complete


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_was_cut_gives_its_beginning(coding: str) -> None:
    whole = CODERS[coding](bytes(range(256)) * 100)
    found = decoded(whole[:-20], coding, limit=1 << 20, truncated=True)
    assert found.content.startswith(bytes(range(256)))
    assert not found.complete


def test_an_unknown_coding_is_said() -> None:
    found = decoded(b"x", "odd", limit=10)
    assert found.content == b"x"
    assert not found.complete
    assert found.problem is not None


@pytest.mark.parametrize("coding", [*CODERS, None])
def test_what_is_as_long_as_the_limit_is_whole_and_a_byte_more_is_not(
    coding: str | None,
) -> None:
    coded = CODERS[coding](CONTENT) if coding else CONTENT
    assert decoded(coded, coding, limit=len(CONTENT)).complete
    found = decoded(coded, coding, limit=len(CONTENT) - 1)
    assert (found.content, found.complete) == (CONTENT[:-1], False)
    assert found.problem is not None


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_members_one_after_another_are_one_content(coding: str) -> None:
    members = CODERS[coding](b"one ") + CODERS[coding](b"two")
    found = decoded(members, coding, limit=100)
    assert (found.content, found.complete) == (b"one two", True)
    assert not decoded(CODERS[coding](b"") * 5_000, coding, limit=100).complete


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_what_follows_the_end_makes_it_incomplete(coding: str) -> None:
    found = decoded(CODERS[coding](b"one") + b"rubbish", coding, limit=100)
    assert (found.content, found.complete) == (b"one", False)


def test_no_content_is_whole_whatever_its_coding() -> None:
    assert decoded(b"", "gzip", limit=10).complete
    assert not decoded(b"", "gzip", limit=10, truncated=True).complete


def test_a_long_list_of_codings_is_not_followed() -> None:
    found = decoded(b"x" * 50, "gzip," * 5, limit=10)
    assert (found.content, found.complete) == (b"x" * 10, False)


@given(st.sampled_from(sorted(CODINGS)), st.binary(max_size=200))
def test_any_bytes_decode_without_an_error(coding: str, content: bytes) -> None:
    assert len(decoded(content, coding, limit=1000).content) <= 1000


@given(st.text(max_size=20))
def test_text_is_recognised_also_when_cut(text: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    found = as_text(content)
    if found is not None:
        assert found == text
        for end in range(len(content)):
            assert as_text(content[:end], truncated=True) is not None
    assert as_text(b"a\0b") is None
    assert as_text(b"\xff") is None
    assert as_text(b"a\xff", truncated=True) is None


def test_a_field_is_found_in_any_case_and_repeats_are_joined() -> None:
    assert field_value((("X-A", "1"), ("x-a", "2")), "X-a") == "1, 2"
    assert field_value({"x-A": ["1", 2]}, "x-a") == "1, 2"
    assert field_value((), "x") is None
    assert field_value({"x": None}, "x") is None


@pytest.mark.parametrize(
    ("content_type", "content", "kind"),
    [
        ("application/json; charset=utf-8", b"{}", BodyKind.JSON),
        ("application/vnd.api+json", b"{}", BodyKind.JSON),
        (None, b' {"a":1}', BodyKind.JSON),
        ("text/html", b"<p>", BodyKind.HTML),
        ("image/svg+xml", b"<svg/>", BodyKind.XML),
        ("image/png", b"\x89PNG", BodyKind.IMAGE),
        ("text/event-stream", b"data: 1", BodyKind.EVENT_STREAM),
        ("application/octet-stream", b"\xff", BodyKind.BINARY),
        ("nonsense", b"plain", BodyKind.TEXT),
        ("application/x-ndjson", b"{}\n{}", BodyKind.JSON),
        (None, b"<!DOCTYPE html>", BodyKind.HTML),
        (None, b"<?xml version='1.0'?>", BodyKind.XML),
        (None, b"", BodyKind.EMPTY),
    ],
)
def test_kinds(content_type: str | None, content: bytes, kind: BodyKind) -> None:
    assert kind_of(content_type, content) is kind


def test_json_is_laid_out_with_its_numbers_as_spelled() -> None:
    laid_out = pretty(BodyKind.JSON, '{"b":1.10,"a":[1e400,123456789012345678901,{}]}')
    numbers = "    1e400,\n    123456789012345678901,\n    {}\n"
    assert laid_out == f'{{\n  "b": 1.10,\n  "a": [\n{numbers}  ]\n}}'


def test_lines_of_json_are_laid_out_each() -> None:
    assert pretty(BodyKind.JSON, '{"a":1}\n[]\n') == '{\n  "a": 1\n}\n[]'


def test_a_lone_surrogate_stays_escaped() -> None:
    pretty(BodyKind.JSON, '["\\ud800", "\u00e9"]').encode()
    assert pretty(BodyKind.JSON, '["\\ud800"]') == '[\n  "\\ud800"\n]'


def test_nesting_that_would_explode_when_laid_out_stays_as_it_is() -> None:
    text = "[" * 200 + "1," * 100_000 + "1" + "]" * 200
    assert pretty(BodyKind.JSON, text) == text


@given(st.sampled_from(BodyKind), st.text(max_size=80))
def test_any_text_is_laid_out_without_an_error(kind: BodyKind, text: str) -> None:
    pretty(kind, text)


@given(st.text(max_size=80))
def test_any_parts_are_laid_out_without_an_error(text: str) -> None:
    pretty(BodyKind.MULTIPART, f"--b\r\nContent-Disposition: form-data{text}\r\n--b--")


def test_parts_are_shown_by_name_and_size() -> None:
    field = 'Content-Disposition: form-data; name="a"\r\n\r\nhello\r\n'
    file = 'Content-Disposition: form-data; name="f"; filename="x.csv"\r\n'
    file += f"Content-Type: text/csv\r\n\r\n{'1,' * 200}\r\n"
    text = f"--b\r\n{field}--b\r\n{file}--b--\r\n"
    shown = "a = hello\nf: x.csv, text/csv, 400 bytes"
    assert pretty(BodyKind.MULTIPART, text) == shown
    assert pretty(BodyKind.MULTIPART, text[:-8]).startswith("a = hello")


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "NaN", "", '{"a":1,"a":2}'])
def test_what_is_no_json_stays_as_it_is(text: str) -> None:
    assert pretty(BodyKind.JSON, text) == text


values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values)
def test_json_survives_the_way_there_and_back(value: object) -> None:
    text = "".join(json_pieces(value, "", ""))
    assert load_json(text) == value
    laid_out = "".join(json_pieces(value, "  ", "\n"))
    assert load_json(laid_out) == value


def test_a_form_is_shown_by_field() -> None:
    assert pretty(BodyKind.FORM, "a=1&b=x%20y") == "a = 1\nb = x y"


def test_bytes_are_shown_as_hexdump_does() -> None:
    assert hexdump(b"\x00AB\xff" * 5).splitlines() == [
        "00000000  00 41 42 ff 00 41 42 ff 00 41 42 ff 00 41 42 ff  |.AB..AB..AB..AB.|",
        "00000010  00 41 42 ff                                      |.AB.|",
    ]


@pytest.mark.parametrize(
    "coding", ["none", "utf-8", "UTF8", "aws-chunked", "iso-8859-1", "binary, 8bit"]
)
def test_what_is_no_coding_needs_no_undoing(coding: str) -> None:
    found = decoded(CONTENT, coding, limit=1 << 20)
    assert (found.content, found.complete, found.problem) == (CONTENT, True, None)
    assert decoded(gzip.compress(CONTENT), f"gzip, {coding}", limit=1 << 20).complete


def test_a_coding_that_is_not_known_leaves_a_body_as_it_came_and_whole() -> None:
    stored = StoredBody(content=CONTENT)
    found = shown_body(stored, (("Content-Encoding", "lz4"),))
    assert (found.content, found.truncated) == (CONTENT, False)
    assert found.problem == "lz4 is no coding known here"
    cut = shown_body(replace(stored, truncated=True), (("Content-Encoding", "lz4"),))
    assert cut.truncated


PLAIN = st.one_of(
    st.binary(max_size=300),
    st.integers(0, 200_000).map(lambda n: b'{"a": 1, "b": [2]}, ' * (n // 20)),
)


@given(PLAIN, st.integers(0, 9), st.data())
def test_a_gzip_is_undone_as_zlib_does(
    plain: bytes, level: int, data: st.DataObject
) -> None:
    """Whole, cut, damaged, followed by something, or too long."""
    made = bytearray(gzip.compress(plain, level, mtime=0))
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.integers(0, len(made) - 1))
        made[place] ^= 1 << data.draw(st.integers(0, 7))
    end = data.draw(st.sampled_from((len(made), len(made), len(made) - 1, 20)))
    content = bytes(made[:end]) + data.draw(st.sampled_from((b"", b"", b"rubbish")))
    limit = data.draw(st.sampled_from((1 << 20, len(plain), len(plain) // 2)))
    found = decoded(content, "gzip", limit=limit)
    reader = zlib.decompressobj(31)
    try:
        whole = reader.decompress(content, limit + 1)
    except zlib.error:
        whole = b""
    is_whole = reader.eof and not reader.unused_data and len(whole) <= limit
    assert found.complete == is_whole
    assert found.content == whole or not is_whole


@given(st.binary(max_size=8) | st.text(max_size=8).map(str.encode))
def test_what_is_text_can_be_had_as_such(content: bytes) -> None:
    assert is_text(content) is (as_text(content) is not None)
