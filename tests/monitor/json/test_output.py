"""JSON of ours that carries what others wrote."""

import json
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.json.output import MAX_DEPTH, json_bytes, json_line

TEXTS = st.text(
    st.sampled_from('a"\\\0\n\x85\u2028\u2029\ud800\udfff\ud83d\ude00\uffff')
)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=8,
)


@given(VALUES)
def test_whatever_is_in_it_every_reader_takes_it(value: object) -> None:
    content = json_line(value)
    assert content.decode().splitlines() == [content.decode()]
    assert orjson.loads(content) == orjson.loads(json_bytes(value))
    json.loads(content)


def test_a_lone_surrogate_is_shown_as_its_escape_and_a_pair_is_one_character() -> None:
    assert json.loads(json_bytes({"\ud800": "\U0001f600\udfff"})) == {
        "\\ud800": "\U0001f600\\udfff"
    }


@pytest.mark.parametrize("depth", [MAX_DEPTH, 254, 400, 100_000])
def test_what_is_nested_too_deeply_ends_in_an_ellipsis(depth: int) -> None:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    assert orjson.loads(json_bytes([value, "\ud800", uuid4()]))


def test_line_ends_of_other_readers_are_escaped_in_a_line_only() -> None:
    assert json_line("a\x85\u2028\u2029") == b'"a\\u0085\\u2028\\u2029"'
    assert json_bytes("\u2028") == '"\u2028"'.encode()
