"""Lines that many heads have are remembered, and nothing else is."""

import pytest

from proxy.http1.lines import MAX_LINE_BYTES, MAX_LINES, KnownLines, Malformed

END = b"\r\n\r\n"


def test_a_line_that_came_twice_is_one_object_from_then_on() -> None:
    known = KnownLines()
    heads = [b"Accept: */*\r\nX-Id: %d" % n for n in range(4)]
    first, second, *others = [known.of(head + END) for head in heads]
    assert first[0] is not second[0]
    assert {id(head[0]) for head in others} == {id(second[0])}
    # With what was remembered, and without, they say the same.
    for n, head in enumerate([first, second, *others]):
        assert [found.pair for found in head] == [("Accept", "*/*"), ("X-Id", str(n))]
        assert b"\r\n".join([found.raw for found in head]) == heads[n]


def test_what_differs_by_a_blank_or_by_case_is_another_line() -> None:
    known = KnownLines()
    raws = [b"A: b", b"a: b", b"A:b", b"A: b ", b"A:\tb"]
    for _ in range(3):
        lines = known.of(b"\r\n".join(raws) + END)
        assert [found.raw for found in lines] == raws
        assert {found.value for found in lines} == {"b"}


def test_a_long_line_is_read_anew_and_a_broken_one_refused_each_time() -> None:
    known = KnownLines()
    long = b"A: " + b"x" * MAX_LINE_BYTES + END
    heads = [known.of(long)[0] for _ in range(4)]
    assert len({id(found) for found in heads}) == 4
    for broken in (b"A", b": b", b"A : b", b"A: b\nC: d", b"A: \x00", b"A: b\r\n c"):
        for _ in range(3):
            with pytest.raises(Malformed):
                known.of(broken + END)


def test_made_up_lines_do_not_grow_without_a_bound() -> None:
    known = KnownLines()
    for _ in range(2):
        for n in range(0, 2 * MAX_LINES, 64):
            some = [b"X-%d: 1" % (n + i) for i in range(64)]
            known.of(b"\r\n".join([*some, *some]) + END)
            assert 0 < len(known) <= MAX_LINES
