"""A block that has a text is never left out for what it says of its grams."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.search.tree import Anywhere, Holds, JsonPath, Node, Side, Text, part_of
from monitor.storage.blocks.grams import PART_SLICES, PARTS, PIECE, Chunk
from monitor.storage.blocks.needs.need import (
    EVERY_BLOCK,
    NOTHING,
    blocks_with,
    places_in,
)
from monitor.storage.blocks.needs.nodes import needs_of
from tests.support.blocks import slices_of
from tests.support.queries import query

LETTERS = 'abcXYZ019-_/ "\\:%\u00e4\u00c4\u00df\u03c3\u03a3\u0436\u0416\u20ac\U0001f600'
TEXTS = st.text(LETTERS, max_size=60)


def blocks(node: Node, chunk: Chunk) -> int:
    need = needs_of([node])
    return blocks_with(need, slices_of(chunk, places_in(need)))


@settings(max_examples=25)
@given(
    before=TEXTS,
    text=st.text(LETTERS, min_size=1),
    behind=TEXTS,
    block=st.integers(0, 63),
    # What is read in pieces has no seams.
    far=st.sampled_from([0, PIECE - 40, 2 * PIECE - 20]),
)
def test_a_block_that_has_a_text_in_any_case_may_have_it(
    before: str, text: str, behind: str, block: int, far: int
) -> None:
    chunk = Chunk()
    chunk.add(block, f"{' ' * far}{before}{text}{behind}".encode())
    chunk = Chunk.of_parts(chunk.parts())
    one_by_one = [c for c in text if len(c.swapcase()) == 1]
    for asked in (text, "".join(c.swapcase() for c in one_by_one)):
        if len(asked) == len(text):
            for node in (
                Anywhere(part_of(asked)),
                Holds(Text.REQUEST_BODY, part_of(asked)),
            ):
                assert blocks(node, chunk) >> block & 1


def test_parts_are_rows_of_one_size() -> None:
    chunk = Chunk()
    chunk.add_all(3)
    parts = chunk.parts()
    assert (len(parts), {len(part) for part in parts}) == (PARTS, {1024})
    assert set(slices_of(chunk, range(999)).values()) == {1 << 3}


WITH = "card declined, SKU-00017, \u00dcbung"
WITHOUT = "all is well: 200, SKU-00018"


@pytest.mark.parametrize(
    "text",
    [
        'body:"card declined"',
        "DECLINED",
        "SKU-00017",
        "u-00017",
        "body:\u00dcBUNG",
        "(declined OR card) -nothing",
        "$.error:*declined*",
        "$.error:/declined|x/ /DECL[a-i]ned/i",
        "body:/d.clined, sk+u-000[0-9]7/i",
        "error:*decl*ned*",
        "-status:500 declined",
    ],
)
def test_a_block_that_has_it_not_is_left_out(text: str) -> None:
    chunk = Chunk()
    chunk.add(0, f'{{"error": "{WITH}"}}'.encode())
    chunk.add(1, f'{{"error": "{WITHOUT}"}}'.encode())
    node = query(text).tree
    assert blocks(node, chunk) & 3 == 1
    needs = needs_of([node])
    # Slices that are not there leave nothing out.
    assert blocks_with(needs, {}) == EVERY_BLOCK
    assert len(places_in(needs)) <= 60


@pytest.mark.parametrize(
    "text",
    [
        "E42",
        "-status:500",
        "-declined",
        "declined OR -status:500",
        "body:/declined|other/",
        "$.amount:1000",
        "has:body",
        "param.page:declined",
        "0197c5b4-9d3a-7c44-8000-3f2a9c1b0001",
    ],
)
def test_what_blocks_cannot_tell_needs_nothing(text: str) -> None:
    parts = query(text).parts
    if text == "$.amount:1000":
        # But its name.
        assert places_in(needs_of(parts)) == places_in(
            needs_of(query("has:$.amount").parts)
        )
    else:
        assert needs_of(parts) == NOTHING


def test_what_json_may_escape_is_not_needed_where_it_does() -> None:
    node: Node = Holds(
        JsonPath(Side.REQUEST, (("name", "error"),)), part_of("declined")
    )
    chunk = Chunk()
    chunk.add(0, b'{"\\u0065rror": "d\\u0065clined"}')
    chunk.add(1, b'{"error": "else"}')
    assert blocks(node, chunk) & 3 == 1


@settings(max_examples=25)
@given(
    text=st.text(LETTERS, min_size=1),
    blocks_of_it=st.integers(1, EVERY_BLOCK),
    far=st.sampled_from([0, PIECE // 8 - 3, PIECE // 4 - 20]),
)
def test_what_several_blocks_have_is_added_to_each_of_them_and_to_no_other(
    text: str, blocks_of_it: int, far: int
) -> None:
    chunk = Chunk()
    for _ in chunk.adding_to(blocks_of_it, f"{' ' * far}{text}".encode()):
        pass
    assert blocks(Anywhere(part_of(text)), chunk) & blocks_of_it == blocks_of_it
    there = slices_of(chunk, range(PARTS * PART_SLICES))
    assert all(bits in (0, blocks_of_it) for bits in there.values())
