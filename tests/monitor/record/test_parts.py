"""Bodies' rows are cut into what a page holds, and nothing of them is lost."""

import gzip
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.record.columns import BODY_COLUMNS, PART_COLUMNS
from monitor.record.pack import pack
from monitor.record.parts.cut import LONG, cut
from monitor.record.parts.filling import BESIDE_BYTES, LARGE_ROOM, PAGE_BYTES, filled
from monitor.record.unpack import fields_of
from monitor.traffic.exchange import Body
from tests.support.exchanges import an_exchange

LENGTHS = st.sampled_from([0, 1, 900, 4_000, 7_900, 8_063, 8_064, 8_065, 8_140, 50_000])
CONTENT = st.builds(
    lambda length, filler, last: (filler * length)[:length] + last,
    LENGTHS,
    st.sampled_from([b"a", b"\xff\x00", "äb€".encode(), "𝄞".encode()]),
    st.sampled_from([b"", "€".encode()]),
)


@given(CONTENT, CONTENT, st.booleans())
def test_what_is_cut_is_whole_again_when_it_is_joined(
    sent: bytes, received: bytes, is_coded: bool
) -> None:
    coding = (("Content-Encoding", "gzip"),) if is_coded else ()
    kept = gzip.compress(received) + sent if is_coded else received
    exchange = an_exchange(
        request_body=Body(kept=sent, size=len(sent)),
        response_body=Body(kept=kept, size=len(kept)),
        response_headers=coding,
    )
    row = pack(exchange).body
    rows = cut(row)
    parts = [fields_of(each) for each in rows]
    assert all(len(each) == len(PART_COLUMNS) for each in parts)
    assert all(len(each) <= PAGE_BYTES - BESIDE_BYTES for each in rows)
    numbers = [part.pop() for part in parts]
    if len(rows) == 1:
        assert numbers == [None]
    else:
        assert numbers == [n.to_bytes(2, "big") for n in (0, *range(2, len(rows) + 1))]
    whole = fields_of(row)
    for at, name in enumerate(BODY_COLUMNS):
        pieces = [part[at] for part in parts]
        if at not in LONG:
            assert pieces[0] == whole[at]
        elif whole[at] is None:
            assert pieces == [None] * len(parts)
        else:
            assert b"".join(piece or b"" for piece in pieces) == whole[at]
            assert bool(pieces[0]) == bool(whole[at])
        if name.endswith("_text") and at in LONG:
            for piece in pieces:
                (piece or b"").decode()
    assert all(part[:3] == whole[:3] for part in parts)


@given(
    st.lists(st.tuples(CONTENT, st.sampled_from([b"", b"a" * 3_000])), max_size=12),
    st.sampled_from([0, 3_000, 4_200, 5_000, 7_000, 13_000]),
)
def test_pages_are_filled_and_nothing_is_lost(
    some: list[tuple[bytes, bytes]], alike: int
) -> None:
    bodies = [*some, *[(b"", b"z" * alike)] * 40]
    logs = [
        an_exchange(
            request_body=Body(kept=sent, size=len(sent)),
            response_body=Body(kept=received, size=len(received)),
        )
        for sent, received in bodies
    ]
    ordered = filled([part for log in logs for part in cut(pack(log).body)])
    parts = defaultdict(list)
    for row in ordered:
        assert len(row) <= PAGE_BYTES - BESIDE_BYTES
        fields = fields_of(row)
        parts[fields[2]].append((fields[-1] or b"", fields[3], fields[8]))
    for log, (sent, received) in zip(logs, bodies, strict=True):
        own = sorted(parts.pop(log.id.bytes))
        assert len({number for number, _, _ in own}) == len(own)
        assert b"".join(part[1] or b"" for part in own) == sent
        assert b"".join(part[2] or b"" for part in own) == received
    assert not parts
    # But for the room that is not worth it, and where nothing may be split.
    taken = sum(len(row) + BESIDE_BYTES for row in ordered)
    assert pages(ordered) * (PAGE_BYTES - LARGE_ROOM) <= taken + 12 * PAGE_BYTES


def test_what_is_no_row_of_bodies_is_refused() -> None:
    row = pack(an_exchange(request_body=Body(kept=b"a" * 9_000, size=9_000))).body
    other = (12).to_bytes(2, "big") + row[2:-4]
    for wrong in (row[:-1], row + b"a", other):
        with pytest.raises(ValueError, match="a record's row"):
            cut(wrong)


def pages(rows: list[bytes]) -> int:
    count, room = 0, 0
    for row in rows:
        size = len(row) + BESIDE_BYTES
        if size > room:
            count, room = count + 1, PAGE_BYTES
        room -= size
    return count
