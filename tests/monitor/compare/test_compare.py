"""How answers differ: documents by path, texts by line, bytes by digest."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.compare.alignment import MAX_EDITS, aligned
from monitor.compare.answers import Noise, RecordedAnswer, compared, noise_of
from monitor.compare.differences import MAX_DIFFERENCES, Difference, DifferenceKind
from monitor.compare.documents import document_differences
from monitor.compare.evidence import Evidence, compared_answers
from monitor.compare.lines import line_differences
from monitor.json.text import load_json
from monitor.logs.log import StoredBody
from monitor.traffic.exchange import BodyState

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)


def differences(left: str, right: str) -> list[Difference]:
    return document_differences(load_json(left), load_json(right)).differences


def answer(body: bytes, *headers: tuple[str, str], status: int = 200) -> RecordedAnswer:
    return RecordedAnswer(
        status_code=status,
        headers=headers,
        body=StoredBody(content=body),
        latency_ms=5.0,
    )


@given(st.lists(st.integers(0, 3), max_size=9), st.lists(st.integers(0, 3), max_size=9))
def test_an_alignment_has_each_position_once_and_the_most_in_common(
    left: list[int], right: list[int]
) -> None:
    pairs = aligned(left, right)
    assert [i for i, _ in pairs if i is not None] == list(range(len(left)))
    assert [j for _, j in pairs if j is not None] == list(range(len(right)))
    both = [(i, j) for i, j in pairs if i is not None and j is not None]
    assert sum(left[i] == right[j] for i, j in both) >= longest_common(left, right)


def longest_common(left: list[int], right: list[int]) -> int:
    lengths = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            longer = max(lengths[i][j + 1], lengths[i + 1][j])
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if a == b else longer
    return lengths[-1][-1]


def test_what_is_too_far_apart_is_paired_by_position() -> None:
    left = list(range(MAX_EDITS))
    right = [-1 - n for n in left]
    assert aligned(left, right) == [(n, n) for n in left]


@given(DOCUMENTS)
def test_a_document_does_not_differ_from_itself(document: Any) -> None:
    spelled = json.dumps(document), json.dumps(document, indent=2, sort_keys=True)
    assert differences(*spelled) == []


@given(DOCUMENTS, DOCUMENTS)
def test_documents_differ_exactly_where_python_says_so(left: Any, right: Any) -> None:
    found = differences(json.dumps(left), json.dumps(right))
    is_same = json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
    assert (not found) == is_same


@given(st.lists(st.integers(-9, 9), max_size=8), st.integers(0, 8), st.integers(-9, 9))
def test_one_inserted_element_is_one_difference(
    values: list[int], place: int, new: int
) -> None:
    longer = [*values[:place], new, *values[place:]]
    (found,) = differences(json.dumps({"a": values}), json.dumps({"a": longer}))
    assert (found.kind, found.right) == (DifferenceKind.ADDED, new)
    (found,) = differences(json.dumps({"a": longer}), json.dumps({"a": values}))
    assert (found.kind, found.left) == (DifferenceKind.REMOVED, new)


def test_elements_with_an_identity_are_compared_with_their_like() -> None:
    left = '{"a": [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]}'
    right = '{"a": [{"id": 0, "v": "z"}, {"id": 1, "v": "c"}, {"id": 2, "v": "b"}]}'
    assert differences(left, right) == [
        Difference("$.a[0]", DifferenceKind.ADDED, right={"id": 0, "v": "z"}),
        Difference("$.a[1].v", DifferenceKind.CHANGED, "a", "c"),
    ]


def test_types_and_numbers() -> None:
    assert differences("[1, 1.0, 1e2]", "[1.0, 1, 100]") == []
    assert differences('{"a": 1}', '{"a": true}') == [
        Difference("$.a", DifferenceKind.TYPE_CHANGED, 1, True)
    ]
    assert differences('{"a b": null}', '{"a b": 0}') == [
        Difference('$["a b"]', DifferenceKind.TYPE_CHANGED, None, 0)
    ]
    big = "12345678901234567890"
    assert differences(big, f"{big[:-1]}1") == [
        Difference("$", DifferenceKind.CHANGED, big, f"{big[:-1]}1")
    ]
    assert differences("1e999", "1e998") == [
        Difference("$", DifferenceKind.CHANGED, "1e999", "1e998")
    ]


def test_more_differences_than_are_listed_are_said() -> None:
    left = json.dumps({str(n): 0 for n in range(MAX_DIFFERENCES + 1)})
    found = document_differences(load_json(left), load_json("{}"))
    assert (len(found.differences), found.is_all) == (MAX_DIFFERENCES, False)


@given(st.lists(st.sampled_from("abc"), max_size=8), st.integers(0, 8))
def test_one_inserted_line_is_one_difference(lines: list[str], place: int) -> None:
    longer = [*lines[:place], "new", *lines[place:]]
    texts = ["".join(f"{line}\n" for line in side) for side in (lines, longer)]
    made = line_differences(*texts)
    (found,) = made.differences
    assert (found.kind, found.right, made.is_all) == (
        DifferenceKind.ADDED,
        "new\n",
        True,
    )
    assert found.path == f"line[{longer.index('new') + 1}]"


def test_answers_by_kind_of_body() -> None:
    made = compared(answer(b"\x00\xff"), answer(b"\x00\xfe"))
    assert made["body_kind"] == "binary"
    assert [item["kind"] for item in made["body"]] == [DifferenceKind.CHANGED]
    assert made["body"][0]["left"]["size"] == 2
    assert compared(answer(b"a\nb"), answer(b"a\nc"))["body"][0]["path"] == "line[2]"
    assert compared(answer(b""), answer(b""))["body_kind"] == "empty"
    # Repeated names would be lost: compared as text.
    made = compared(answer(b'{"a":1,"a":2}'), answer(b'{"a":2}'))
    assert (made["body_kind"], made["equal"]) == ("text", False)


def test_what_is_not_kept_or_cut_is_said() -> None:
    withheld = RecordedAnswer(
        status_code=200,
        headers=(),
        body=StoredBody(content=None, state=BodyState.WITHHELD),
        latency_ms=None,
    )
    made = compared(withheld, answer(b"x"))
    assert (made["body_kind"], made["complete"]) == ("unavailable", False)
    assert made["latency_ms"] == {"left": None, "right": 5.0, "difference": None}
    cut = RecordedAnswer(
        status_code=200,
        headers=(),
        body=StoredBody(content=b"abc", truncated=True),
        latency_ms=1.0,
    )
    assert compared(cut, cut)["complete"] is False


def test_headers_are_compared_by_name_without_those_of_the_connection() -> None:
    left = answer(b"", ("A", "1"), ("b", "1"), ("B", "2"), ("Connection", "close"))
    right = answer(b"", ("a", "1"), ("B", "1"), ("C", "3"), ("Content-Length", "0"))
    upgrading = answer(b"", ("a", "1"), ("Upgrade", "h2c"), ("TE", "trailers"))
    assert compared(answer(b"", ("A", "1")), upgrading)["headers"] == []
    assert [(d["path"], d["kind"]) for d in compared(left, right)["headers"]] == [
        ("b", DifferenceKind.CHANGED),
        ("c", DifferenceKind.ADDED),
    ]


def test_noise_marks_its_place_and_all_below() -> None:
    earlier = [
        answer(json.dumps({"list": [{"id": n, "x": {"y": n}}], "n": 1}).encode())
        for n in (1, 2)
    ]
    noise = noise_of(earlier)
    assert noise.body == {"$.list[*].id", "$.list[*].x.y"}
    left = answer(b'{"list": [{"id": 1, "x": {"y": 1}}], "n": 1}')
    right = answer(b'{"list": [{"id": 9, "x": {"y": 9}}], "n": 1}')
    made = compared(left, right, noise)
    assert (made["equal"], made["equal_but_for_volatile"]) == (False, True)
    assert compared(left, right, Noise())["equal_but_for_volatile"] is False
    below = compared(left, right, Noise(body=frozenset({"$.list"})))
    assert below["equal_but_for_volatile"] is True
    beside = compared(left, right, Noise(body=frozenset({"$.lis", "$.list[*].i"})))
    assert beside["equal_but_for_volatile"] is False


JSON = ("Content-Type", "application/json")


def bodies(left: bytes, right: bytes, *headers: tuple[str, str]) -> dict[str, Any]:
    return compared(answer(left, *headers), answer(right, *headers))


@pytest.mark.parametrize(
    ("left", "right", "is_equal"),
    [
        ("1" + "0" * 40 + "1", "1" + "0" * 40 + "2", False),
        ("0." + "0" * 40 + "1", "0." + "0" * 40 + "10", True),
        ("1e999999999", "10e999999998", True),
        ("1e999999999", "1e999999998", False),
        ("-0.0", "0", True),
        ("123.4500e-2", "1.2345", True),
        ("1e" + "9" * 5_000, "1e" + "9" * 4_999 + "8", False),
    ],
)
def test_numbers_are_compared_exactly_at_any_length(
    left: str, right: str, is_equal: bool
) -> None:
    made = bodies(f"[{left}]".encode(), f"[{right}]".encode(), JSON)
    assert (made["body_kind"], made["equal"]) == ("json", is_equal)
    spelled = "equal numbers are spelled differently: $[0]"
    assert any(spelled in note for note in made["notes"]) == is_equal


def test_json_is_judged_by_its_type() -> None:
    assert bodies(b"1.10", b"1.1", ("Content-Type", "text/plain"))["equal"] is False
    assert bodies(b"1.10", b"1.1", JSON)["equal"] is True
    text = bodies(b'{"a":1}', b'{"a": 1}', ("Content-Type", "text/plain"))
    assert (text["body_kind"], text["equal"]) == ("text", False)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16", "utf-16le"])
def test_charsets_are_undone_and_a_byte_order_mark_is_no_difference(
    charset: str,
) -> None:
    plain, text = '{"a": "\u00e9"}'.encode(), '{"a": "\u00e9"}'.encode(charset)
    left = answer(plain, JSON)
    right = answer(text, ("content-type", f"application/json; charset={charset}"))
    made = compared(left, right)
    assert (made["body_kind"], made["body"]) == ("json", [])
    marked = bodies(b"\xef\xbb\xbf{}", b"{}", JSON)
    assert (marked["body_kind"], marked["equal"]) == ("json", True)
    assert bodies(b"\xef\xbb\xbfa", b"a", ("Content-Type", "text/plain"))["equal"]


def test_what_differs_in_every_answer_is_volatile_with_a_reason() -> None:
    names = (
        "Date",
        "Age",
        "Expires",
        "X-Request-Id",
        "traceparent",
        "X-Amzn-RequestId",
    )
    left, right = [answer(b"", *((name, n) for name in names)) for n in "12"]
    made = compared(left, right)
    assert (made["equal"], made["equal_but_for_volatile"]) == (False, True)
    assert all(one["volatile"] and one["reason"] for one in made["headers"])
    other = compared(answer(b"", ("X-A", "1")), answer(b"", ("X-A", "2")))
    assert other["equal_but_for_volatile"] is False
    assert "reason" not in other["headers"][0]


def test_what_was_never_pushed_is_unavailable() -> None:
    pushed = RecordedAnswer(
        status_code=200,
        headers={},
        body=StoredBody(content=None, is_plain=True),
        latency_ms=1.0,
        is_pushed=True,
    )
    made = compared(pushed, answer(b'{"a":1}', JSON, ("X-A", "1")))
    assert made["body_kind"] == "unavailable"
    assert {one["kind"] for one in made["headers"]} == {DifferenceKind.UNAVAILABLE}
    assert (made["equal"], made["complete"]) == (True, False)
    assert "the headers of one side were never pushed" in made["notes"]


@pytest.mark.parametrize("name", ["id", "uuid", "key", "name", "sku"])
def test_a_thousand_shuffled_objects_and_one_changed_are_one_difference(
    name: str,
) -> None:
    left = [{"v": n % 7, name: f"x{n}"} for n in range(1_000)]
    right = [dict(one) for one in reversed(left)]
    right[10]["v"] = 99
    made = bodies(json.dumps({"a": left}).encode(), json.dumps({"a": right}).encode())
    assert [(one["path"], one["right"]) for one in made["body"]] == [("$.a[10].v", 99)]
    assert made["order"] == [{"path": "$.a", "volatile": False}]
    assert "order differs at $.a" in made["notes"]
    assert made["equal"] is False
    same = bodies(json.dumps(left).encode(), json.dumps(left[::-1]).encode())
    assert (same["body"], same["equal"]) == ([], False)
    assert same["equal_but_for_volatile"] is False


def test_replays_are_evidence_of_what_differs_between_replays() -> None:
    original, first, second = [
        answer(json.dumps({"n": n, "changed": n > 0}).encode(), JSON) for n in range(3)
    ]
    evidence = Evidence(replays=[first])
    made = compared_answers(original, second, evidence, 1_000).shown
    assert [(one["path"], one["volatile"]) for one in made["body"]] == [
        ("$.n", True),
        ("$.changed", False),
    ]
    assert made["equal_but_for_volatile"] is False
