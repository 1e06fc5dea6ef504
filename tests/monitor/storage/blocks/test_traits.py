"""A block whose logs have an amount or a status is never left out for it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.search.tree import Amount, Compare, Operator
from monitor.storage.blocks import traits
from monitor.storage.blocks.grams import Chunk
from monitor.storage.blocks.needs.literals import literals
from monitor.storage.blocks.needs.need import blocks_with, places_in
from monitor.storage.blocks.needs.nodes import needs_of
from tests.support.blocks import slices_of

HOLDS: dict[Operator, Any] = {
    Operator.LESS: lambda a, b: a < b,
    Operator.AT_MOST: lambda a, b: a <= b,
    Operator.EQUAL: lambda a, b: a == b,
    Operator.AT_LEAST: lambda a, b: a >= b,
    Operator.MORE: lambda a, b: a > b,
}
NUMBERS = st.integers(0, 2**62) | st.floats(0, allow_nan=False) | st.just(800)


@settings(max_examples=60)
@given(
    there=st.lists(NUMBERS, min_size=1, max_size=3),
    bounds=st.lists(st.tuples(st.sampled_from(Operator), NUMBERS), max_size=2),
    codes=st.lists(st.none() | st.integers(0, 1_100), min_size=1, max_size=3),
    asked=st.lists(
        st.tuples(st.sampled_from(Operator), st.integers(90, 999)), max_size=3
    ),
)
def test_a_block_that_has_what_is_within_the_bounds_may_have_it(
    there: list[float],
    bounds: list[tuple[Operator, float]],
    codes: list[int | None],
    asked: list[tuple[Operator, int]],
) -> None:
    chunk = Chunk()
    found = [*traits.spread(Amount.LATENCY, min(there), max(there))]
    found += traits.statuses(codes)
    chunk.add_traits(7, found)
    for amount, values, parts in (
        (Amount.LATENCY, there, bounds),
        (Amount.STATUS, codes, asked),
    ):
        need = needs_of(Compare(amount, *part) for part in parts)
        slices = slices_of(chunk, places_in(need))
        if any(
            value is not None and all(HOLDS[how](value, bound) for how, bound in parts)
            for value in values
        ):
            assert blocks_with(need, slices) >> 7 & 1, (values, parts)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("card declined", ["card declined"]),
        ("^/v1/.*/refunds$", ["/v1/", "/refunds"]),
        (r"E42\.7?x+y*z", ["E42.", "x", "z"]),
        ("ab{2}cd{0,1}e{3,}f", ["a", "c", "f"]),
        ("a(b|c)d(?:e(f))?g", ["a", "d", "g"]),
        ("(?=ab)cd(?!ef)gh", ["cd", "gh"]),
        (r"a[]b]c[^]\]x]d[[:alpha:]|]e\d+f", ["a", "c", "d", "e", "f"]),
        ("gr\u00fc\u00dfe", ["gr", "e"]),
        ("a|b", []),
        (r"\x41bcd", []),
        (r"(a)\1bcd", []),
        ("(?x)a b c", []),
        ("***=a.b", []),
        ("ab{,3}cd", []),
        ("[[.hyphen.]]abc", []),
    ],
)
def test_only_what_a_regular_expression_always_needs_is_a_literal(
    source: str, expected: list[str]
) -> None:
    assert literals(source) == expected
