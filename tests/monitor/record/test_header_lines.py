"""Heads taken apart and put together again, byte for byte."""

import json
import random

import orjson
from hypothesis import given
from hypothesis import strategies as st

from monitor.record.header_lines import HOLE, HeaderLines

TEXTS = st.text(max_size=8) | st.sampled_from(
    [
        "a",
        "A",
        'a","b',
        '"],["',
        '":"',
        "\\",
        '\\","',
        "\x01",
        "\0",
        "é",
        "",
        ",",
        "],[",
    ]
)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=5)
OBJECTS = st.dictionaries(
    TEXTS,
    TEXTS
    | st.lists(TEXTS, max_size=3)
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.none(),
    max_size=5,
)


def joined(form: bytes, fields: bytes) -> bytes:
    if not form:
        return fields
    parts, values = form.split(HOLE), fields.split(HOLE)
    found = [parts[0]]
    for part, value in zip(parts[1:], values, strict=False):
        found += [value, part]
    return b"".join(found)


@given(st.lists(PAIRS | OBJECTS, max_size=4), st.randoms(use_true_random=False))
def test_any_head_is_what_it_was(heads: list[object], chance: random.Random) -> None:
    """However often it comes, and whatever was met before."""
    lines = HeaderLines()
    for head in chance.choices(heads, k=12) if heads else []:
        written = orjson.dumps(head)
        form, fields = lines.split(written)
        assert joined(form, fields) == written
        if form:
            # As SQL reads it, where a hole is a value like any other.
            json.loads(form.replace(HOLE, b"\\u0001"))


def test_values_that_look_as_what_stands_between_lines() -> None:
    for head in ({"X": ",", "Y": "z"}, [("X", "],["), ("Y", "z")]):
        lines, written = HeaderLines(), orjson.dumps(head)
        for _ in range(5):
            form, fields = lines.split(written)
            assert joined(form, fields) == written


def test_a_field_that_differed_is_kept_once_it_repeats() -> None:
    lines = HeaderLines()

    def form_of(value: str) -> bytes:
        return lines.split(orjson.dumps([("Accept", "*/*"), ("X-Id", value)]))[0]

    assert b'["X-Id","\1"]' in [form_of(f"{n:x}") for n in range(500)][-1]
    assert b'["X-Id","same"]' in [form_of("same") for _ in range(100)][-1]


def test_what_comes_once_is_in_no_form() -> None:
    lines = HeaderLines()
    for n in range(200):
        head = orjson.dumps(
            [("Accept", "*/*"), ("X-Id", f"only-{n}"), ("Date", f"day {n % 2}")]
        )
        form, fields = lines.split(head)
        assert b"only-" not in form and b"day" not in form
        if n > 5:
            assert b'["Accept","*/*"]' in form
            assert fields == b"only-%d\1day %d" % (n, n % 2)
    # Nor are names.
    for n in range(200):
        assert not lines.split(orjson.dumps({f"X-{n}": "*/*"}))[0]


def test_values_that_are_many_fill_holes() -> None:
    """A form for each combination of them would be as many forms as logs."""
    lines, chance = HeaderLines(), random.Random(1)
    forms = set()
    for _ in range(20_000):
        head = [(f"X-{n}", str(chance.randrange(300))) for n in range(4)]
        forms.add(lines.split(orjson.dumps(head))[0])
    assert len(forms) < 4_000
