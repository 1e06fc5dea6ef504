"""Alignment of two sequences (Myers 1986, a bounded search)."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

# Each edit costs a walk over what both have in common; beyond, position decides.
MAX_EDITS = 300
# Of one comparison in all, however many sequences it has: about a second.
MAX_STEPS = 2_000_000

Pair = tuple[int | None, int | None]
Ends = dict[int, int]


@dataclass(slots=True)
class AlignmentWork:
    """What searches have cost so far, in elements looked at, and what they may cost.

    *by_position*: so many sequences were too far apart, and paired in order.
    """

    most: int = MAX_STEPS
    done: int = 0
    by_position: int = 0


def numbered(*sequences: Sequence[Hashable]) -> list[list[int]]:
    """A number for each element, equal for equal ones, so that long ones are compared
    once."""
    known: dict[Hashable, int] = {}
    return [[known.setdefault(one, len(known)) for one in each] for each in sequences]


def aligned(
    left: Sequence[Hashable],
    right: Sequence[Hashable],
    work: AlignmentWork | None = None,
) -> list[Pair]:
    """Positions that go together; None where one side has nothing for the other.

    Between two common elements, what is left and right there is paired in order.
    """
    before = 0
    while before < min(len(left), len(right)) and left[before] == right[before]:
        before += 1
    after = 0
    most = min(len(left), len(right)) - before
    while after < most and left[-1 - after] == right[-1 - after]:
        after += 1
    common = _common(
        left[before : len(left) - after],
        right[before : len(right) - after],
        work or AlignmentWork(),
    )
    anchors = [(n, n) for n in range(before)]
    anchors += [(before + i, before + j) for i, j in common]
    anchors += [(len(left) - n, len(right) - n) for n in range(after, 0, -1)]
    return filled(anchors, len(left), len(right))


def filled(anchors: list[tuple[int, int]], lefts: int, rights: int) -> list[Pair]:
    """*anchors*, which are in order, and what lies between them paired in order."""
    pairs: list[Pair] = []
    i = j = 0
    for x, y in [*anchors, (lefts, rights)]:
        together = min(x - i, y - j)
        pairs += [(i + n, j + n) for n in range(together)]
        pairs += [(n, None) for n in range(i + together, x)]
        pairs += [(None, n) for n in range(j + together, y)]
        if x < lefts or y < rights:
            pairs.append((x, y))
        i, j = x + 1, y + 1
    return pairs


def _common(
    left: Sequence[Hashable], right: Sequence[Hashable], work: AlignmentWork
) -> list[tuple[int, int]]:
    """The longest common subsequence; none where it is too far to find."""
    if not left or not right:
        return []
    ends: Ends = {1: 0}
    trace: list[Ends] = []
    for edits in range(min(len(left) + len(right), MAX_EDITS) + 1):
        trace.append(_behind(ends, edits))
        for diagonal in range(-edits, edits + 1, 2):
            start = _step(ends, diagonal, edits)
            x = _walk(left, right, start, start - diagonal)
            ends[diagonal] = x
            work.done += 1 + x - start
            if x >= len(left) and x - diagonal >= len(right):
                return _walk_back(trace, len(left), len(right))
            if work.done >= work.most:
                work.by_position += 1
                return []
    work.by_position += 1
    return []


def _behind(ends: Ends, edits: int) -> Ends:
    """Of the edits before: one more entry an edit, not all there ever were."""
    if not edits:
        return dict(ends)
    return {diagonal: ends[diagonal] for diagonal in range(1 - edits, edits, 2)}


def _walk(left: Sequence[Hashable], right: Sequence[Hashable], x: int, y: int) -> int:
    """Where what both have in common from here ends, on the left."""
    while x < len(left) and y < len(right) and left[x] == right[y]:
        x, y = x + 1, y + 1
    return x


def _step(ends: Ends, diagonal: int, edits: int) -> int:
    return (
        ends[diagonal + 1]
        if _is_down(ends, diagonal, edits)
        else ends[diagonal - 1] + 1
    )


def _is_down(ends: Ends, diagonal: int, edits: int) -> bool:
    return diagonal == -edits or (
        diagonal != edits and ends[diagonal - 1] < ends[diagonal + 1]
    )


def _walk_back(trace: list[Ends], x: int, y: int) -> list[tuple[int, int]]:
    common: list[tuple[int, int]] = []
    for edits in range(len(trace) - 1, -1, -1):
        ends, diagonal = trace[edits], x - y
        start = _step(ends, diagonal, edits) if edits else 0
        while x > start and y > start - diagonal:
            x, y = x - 1, y - 1
            common.append((x, y))
        if edits:
            is_down = _is_down(ends, diagonal, edits)
            x, y = (x, y - 1) if is_down else (x - 1, y)
    return common[::-1]
