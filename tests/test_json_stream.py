"""A list is taken apart wherever it is cut."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.json_stream import ArraySplitter, LineSplitter, Splitter

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def split(splitter: Splitter, content: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    found: list[bytes] = []
    for begin, end in pairwise(edges):
        found += splitter.feed(content[begin:end])
    return found + splitter.close()


@given(st.lists(VALUES, max_size=5), st.lists(st.integers(0, 500)), st.booleans())
@example(['a\\"]},', {"[": "\\"}], list(range(60)), False)
def test_an_array_gives_its_elements(
    values: list[Any], cuts: list[int], is_ascii: bool
) -> None:
    content = json.dumps(values, ensure_ascii=is_ascii, indent=1).encode(
        "utf-8", "surrogatepass"
    )
    found = split(ArraySplitter(longest=10_000), content, cuts)
    assert [json.loads(element) for element in found] == values


@given(st.lists(VALUES, max_size=5), st.lists(st.integers(0, 500)))
def test_lines_give_their_values(values: list[Any], cuts: list[int]) -> None:
    content = "\r\n\n".join(json.dumps(value) for value in values).encode()
    found = split(LineSplitter(longest=10_000), content, cuts)
    assert [json.loads(line) for line in found] == values


@pytest.mark.parametrize(
    "content",
    [b"", b" ", b"{}", b"1", b"[", b"[1", b'["', b'["]', b"[1]x", b"[1][2]", b"x[1]"],
)
def test_what_is_no_array_is_refused(content: bytes) -> None:
    for cuts in ([], list(range(10))):
        with pytest.raises(ValueError, match="array"):
            split(ArraySplitter(longest=100), content, cuts)


@pytest.mark.parametrize("content", [b"[1,]", b"[,]", b"[1 2]", b"[[1}]"])
def test_what_is_no_element_is_left_to_the_parser(content: bytes) -> None:
    found = split(ArraySplitter(longest=100), content, [])
    with pytest.raises(json.JSONDecodeError):
        [json.loads(element) for element in found]


def test_what_is_too_long_is_refused_before_it_is_whole() -> None:
    with pytest.raises(ValueError, match="over 10 bytes"):
        ArraySplitter(longest=10).feed(b'["' + b"x" * 20)
    with pytest.raises(ValueError, match="over 10 bytes"):
        LineSplitter(longest=10).feed(b"x" * 20)
    with pytest.raises(ValueError, match="over 10 bytes"):
        LineSplitter(longest=10).feed(b"x" * 20 + b"\n")
