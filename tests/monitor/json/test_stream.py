"""A list is taken apart wherever it is cut."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.json.elements import elements
from monitor.json.member import MemberSplitter
from monitor.json.stream import ArraySplitter, LineSplitter, Splitter

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


ALIKE = st.builds(
    lambda first, rest: {"at": first, **rest},
    st.sampled_from([1, '{"at":', [{"at": 1}, {"at": [2]}], {"at": {"at": "\\"}}]),
    st.dictionaries(st.sampled_from(["", "at", "of", "}"]), VALUES, max_size=2),
)


@given(
    st.lists(ALIKE | ALIKE | ALIKE | VALUES, max_size=9),
    st.lists(st.integers(0, 900)),
    st.sampled_from([(",", ":"), (", ", ": "), (",\n\t", ":")]),
)
def test_elements_that_begin_alike_are_told_apart_as_others_are(
    values: list[Any], cuts: list[int], separators: tuple[str, str]
) -> None:
    content = json.dumps(values, separators=separators).encode("utf-8", "surrogatepass")
    found = split(ArraySplitter(longest=10_000), content, cuts)
    assert [json.loads(element) for element in found] == values


def test_those_that_begin_alike_are_taken_many_at_once() -> None:
    made = [b'{"at": %d, "in": [{"at": 1}, {"at": 2}]}' % n for n in range(9)]
    content = b",\n ".join(made)
    found, end = elements(content, 0, b'{"at":')
    # The last that begins so stands within one: what is before it is not whole.
    assert (found, end) == ([], 0)
    found, end = elements(content + b', {"at": 9', 0, b'{"at":')
    assert (found, content[: end - 2]) == (made, content)
    # Elements as these stand within others, too: then they are told by brackets.
    content = b"[%b]" % b", ".join(b'{"id": %d}' % n for n in range(9))
    splitter = ArraySplitter(longest=100)
    assert len(splitter.feed(content[:40])) == 3
    assert len(splitter.feed(content[40:])) == 5
    assert splitter.close() == [b'{"id": 8}']


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


STRANGE = st.dictionaries(
    st.sampled_from(["log", "entries", "a", '"log"', "\\", ""]), VALUES, max_size=3
)


@given(STRANGE, STRANGE, STRANGE, st.lists(VALUES), st.lists(st.integers(0, 500)))
@example({"a": '"log":{"entries":['}, {"entries": [1]}, {}, [[], {}], list(range(99)))
def test_a_member_is_found_at_its_own_place(
    before: Any, beside: Any, after: Any, values: list[Any], cuts: list[int]
) -> None:
    """Whatever it is called elsewhere; what follows is not looked at."""
    before, after = [
        {n: v for n, v in m.items() if n != "log"} for m in (before, after)
    ]
    beside = {n: v for n, v in beside.items() if n != "entries"}
    given = {**before, "log": {**beside, "entries": values, "then": after}, **after}
    content = b"\xef\xbb\xbf" + json.dumps(given, indent=1).encode()
    found = split(MemberSplitter(("log", "entries"), longest=10_000), content, cuts)
    assert [json.loads(element) for element in found] == values


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nope",
        b'{"entries": [1]}',
        b'{"a": {"log": {"entries": [1]}}}',
        b'[{"log": {"entries": [1]}}]',
        b'{"log": [{"entries": [1]}]}',
        b'{"log": {"a": {"entries": [1]}}}',
        b'{"log": {}, "entries": [1]}',
        b'{"log": {"entries": {"a": [1]}}}',
        b'{"log": {"entries": null, "a": [1]}}',
    ],
)
def test_a_member_that_is_not_there_is_named(content: bytes) -> None:
    for cuts in ([], list(range(len(content)))):
        with pytest.raises(ValueError, match=r"no array log\.entries"):
            split(MemberSplitter(("log", "entries"), longest=1000), content, cuts)


def test_an_element_that_is_too_long_is_skipped_where_that_is_wanted() -> None:
    content = json.dumps({"log": {"entries": [1, "x" * 50, "y" * 30, 2]}}).encode()
    for cuts in ([], list(range(len(content)))):
        splitter = MemberSplitter(("log", "entries"), longest=20, skips=True)
        assert split(splitter, content, cuts) == [b"1", b"", b"", b"2"]
    with pytest.raises(ValueError, match="in the beginning"):
        MemberSplitter(("log", "entries"), longest=20).feed(b'{"a": 123456789012345}')
