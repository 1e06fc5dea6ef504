"""Kinds of bodies, read from what they are, and from whatever bytes there are."""

import base64
import json
import re
import struct
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.content.kinds import graphql, grpc, jwt, msgpack, protobuf, xml
from monitor.content.kinds.multipart import parts_of
from monitor.content.kinds.steps import Leaf, Members
from monitor.content.kinds.tree import tree_of
from monitor.json.text import json_values
from monitor.search.table import field_called
from monitor.search.tree import Holds, JsonPath, Or, Query
from tests.support.coded_bodies import PROTO, coded
from tests.support.plain_search import scalars, walk
from tests.support.queries import query


def rows(value: Any) -> list[tuple[str, str, str, str]]:
    made = tree_of(value, most=100)
    return [(row.state, row.name, row.text, row.type) for row in made]


def test_protobuf_is_read_by_field_number() -> None:
    assert rows(protobuf.message_of(PROTO, most=100)) == [
        ("open", "", "5", "{ }"),
        ("leaf", "1", "150", "varint"),
        ("leaf", "2", "testing", "string"),
        ("open", "3", "1", "{ }"),
        ("leaf", "1", "7", "varint"),
        ("close", "", "", ""),
        ("leaf", "4", "1069547520 or 1.5", "32 bits"),
        ("leaf", "5", "ff 00", "2 bytes"),
        ("close", "", "", ""),
    ]
    for broken in (PROTO[:-1], b"\x00", b"\x0b", b"\xff" * 11, b"\x0a\xff\xff\xff\x7f"):
        with pytest.raises(ValueError):
            protobuf.message_of(broken, most=100)
    with pytest.raises(ValueError):
        protobuf.message_of(b"\x08\x01" * 101, most=100)


def test_frames_of_grpc_are_messages_and_trailers() -> None:
    framed = struct.pack("!BI", 0, len(PROTO)) + PROTO
    trailers = b"grpc-status: 0\r\n"
    web = framed + struct.pack("!BI", 0x80, len(trailers)) + trailers
    found = grpc.frames_of(web, "application/grpc-web+proto", None, most=100)
    assert [name for name, _ in found] == ["message 1", "trailers"]
    as_text = b"".join(
        base64.b64encode(piece) for piece in (framed, web[len(framed) :])
    )
    declared = "application/grpc-web-text"
    assert grpc.frames_of(as_text, declared, None, most=100) == found
    cut = grpc.frames_of(framed[:-3], "application/grpc", None, most=100)
    assert cut[0][0] == "message 1, cut"
    bomb = struct.pack("!BI", 1, 4) + b"nope"
    [(_, leaf)] = grpc.frames_of(bomb, "application/grpc", "gzip", most=100)
    assert leaf.type == "compressed"


def test_messagepack_is_a_tree_with_what_json_has_not() -> None:
    packed = msgspec.msgpack.encode({"a": [1, None, b"\0\xff"], 7: True})
    assert ("leaf", "2", "00 ff", "2 bytes") in rows(msgpack.value_of(packed))
    for broken in (packed[:-1], b"\xdd\xff\xff\xff\xff", b"\x91" * 100_000, b"\xc1"):
        with pytest.raises(ValueError):
            msgpack.value_of(broken)


def test_tokens_are_read_where_they_stand_and_never_vouched_for() -> None:
    token = f"{coded({'alg': 'none'})}.{coded({'sub': 'x', 'exp': 1e300, 'iat': 0})}."
    found = jwt.tokens_in(
        [("Authorization", f"Bearer {token}"), ("body", f'{{"again": "{token}"}}')]
    )
    assert [one.where for one in found] == ["Authorization"]
    assert json.loads(found[0].claims)["sub"] == "x"
    assert found[0].moments == [("iat", "1970-01-01T00:00:00.000Z")]
    for none in (
        "***MASKED***",
        f"{coded({})}.{coded({})}.x",
        "eyJhbGc.x.y",
        "eyJ." * 99,
    ):
        assert jwt.tokens_in([("body", none)]) == []
    many = " ".join(f"{coded({'alg': n})}.{coded({'n': n})}.s" for n in range(50))
    assert len(jwt.tokens_in([("body", many)])) == jwt.MAX_TOKENS


def test_graphql_is_told_from_other_json() -> None:
    query = "# find\nquery Q($id: ID!) { user(id: $id) { name } }"
    asked = {"query": query, "variables": {"id": 1}, "operationName": "Q"}
    [found] = graphql.operations_of(asked)
    assert (found.name, found.query, found.variables) == ("Q", query, {"id": 1})
    assert len(graphql.operations_of([asked, {"query": "{ a }"}])) == 2
    for other in ({"query": "shoes"}, {"query": 1}, [], [asked, 1], "query {a}", None):
        assert graphql.operations_of(other) == []


def test_parts_have_heads_and_what_is_cut_is_there() -> None:
    body = (
        b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x\r\n"
        b'Content-Disposition: form-data; name=f; filename="a.bin"\r\n'
        b"Content-Type: image/png\r\n\r\n\0\1\2\r\n--x--\r\n"
    )
    for declared in ('multipart/form-data; boundary="x"', None):
        first, second = parts_of(body, declared, keep=2)
        assert (first.name, first.content) == ("a", b"1")
        assert (second.filename, second.content, second.size) == ("a.bin", b"\0\1", 3)
    for broken in (b"", b"--", b"no boundary", b"--x\r\nbroken"):
        with suppress(ValueError):
            assert len(parts_of(broken, None, keep=10)) <= 1


def test_xml_is_laid_out_and_nothing_in_it_is_resolved() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    text = f"<?xml version='1.0'?>{bomb}<a><b>&b;</b><!-- > --><c/><d><e>1</e></d></a>"
    laid = xml.laid_out(text)
    assert laid is not None
    assert laid.splitlines()[2:] == [
        "<a>",
        "  <b>&b;</b>",
        "  <!-- > -->",
        "  <c/>",
        "  <d>",
        "    <e>1</e>",
        "  </d>",
        "</a>",
    ]
    assert xml.laid_out("none") is None
    assert xml.laid_out("<a>" * 30_000) is None


def test_a_tree_has_a_bound_and_steps_to_each_value() -> None:
    [value] = json_values('{"a b": {"c": [1.10]}}')
    made = tree_of(value, most=10)
    assert [row.step for row in made if row.step] == ['["a b"]', ".c", "[0]"]
    assert [row.text for row in made if row.state == "leaf"] == ["1.10"]
    [*_, more, end] = tree_of(list(range(30)), most=10)
    assert (more.state, more.text, more.at) == ("more", "20", "10")
    assert end.state == "close"
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    assert len(tree_of(deep, most=10**6)) < 300
    assert rows(Members([("a", Leaf("x", "y")), ("a", 2)]))[1][1] == "a"


# Queries hold neither NUL nor half a character.
AS_QUERY = re.compile("[^\0\ud800-\udfff]+")
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=40,
)


def leaves_of(value: Any, at: str, most: int) -> list[tuple[str, str]]:
    """All of a tree, what a row leads to in that row's place; each with its path."""
    found: list[tuple[str, str]] = []
    steps: list[str] = []
    for row in tree_of(value, most=most, at=at):
        match row.state:
            case "open":
                steps.append(row.step)
            case "close":
                steps.pop()
            case "leaf":
                found.append(("".join([*steps, row.step]), row.text))
            case _:
                found += leaves_of(value, row.at, most)
    return found


@given(TREES, st.integers(1, 5))
def test_what_is_left_of_a_tree_is_all_of_it_and_nothing_twice(
    value: Any, most: int
) -> None:
    assert leaves_of(value, "0", most) == leaves_of(value, "0", 10_000)


@example(["0..", {"a b.c": {"": 1, '"': ["-5", 1e5, "1..2"]}}])
@given(TREES)
def test_a_value_of_a_tree_is_asked_for_where_it_stands(value: Any) -> None:
    text = json.dumps(value)
    [again] = json_values(text)
    for row in tree_of(again, most=10_000, asked="res.$"):
        called = field_called(row.asked)
        if called is None or not called.places or not AS_QUERY.fullmatch(row.text):
            continue
        asked = query(called.term(row.text))
        assert row.text in {*said_at(value, asked)}, row


def said_at(value: Any, asked: Query) -> list[str]:
    # A number is asked for as one, too.
    first = asked.tree.parts[0] if isinstance(asked.tree, Or) else asked.tree
    assert isinstance(first, Holds)
    assert isinstance(first.place, JsonPath)
    return [text for end in walk([value], first.place.steps) for text in scalars(end)]


@pytest.mark.parametrize(
    "at", ["", "x", "9.0", "0.0", "-1", "1." * 300 + "0", "9" * 40]
)
def test_a_place_that_is_none_is_the_whole(at: str) -> None:
    assert tree_of([1, 2], most=10, at=at) == tree_of([1, 2], most=10)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_whatever_bytes_there_are_they_are_read_or_refused(content: bytes) -> None:
    for read in (
        lambda: protobuf.message_of(content, most=50),
        lambda: grpc.frames_of(content, "application/grpc", "gzip", most=50),
        lambda: grpc.frames_of(content, "application/grpc-web-text", None, most=50),
        lambda: msgpack.value_of(content),
        lambda: parts_of(content, None, keep=10),
    ):
        try:
            found = read()
        except ValueError:
            continue
        tree_of(found, most=1_000)
    text = content.decode("latin-1")
    xml.laid_out(text)
    jwt.tokens_in([("body", text)])
