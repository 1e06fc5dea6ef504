"""Which elements of two sequences belong together (Myers 1986, a bounded search)."""

from collections.abc import Hashable, Sequence

# Each edit costs a walk over what both have in common; beyond, position decides.
MOST_EDITS = 300

Pair = tuple[int | None, int | None]


def aligned(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[Pair]:
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
        left[before : len(left) - after], right[before : len(right) - after]
    )
    anchors = [(n, n) for n in range(before)]
    anchors += [(before + i, before + j) for i, j in common]
    anchors += [(len(left) - n, len(right) - n) for n in range(after, 0, -1)]
    return _filled(anchors, len(left), len(right))


def _common(
    left: Sequence[Hashable], right: Sequence[Hashable]
) -> list[tuple[int, int]]:
    """The longest common subsequence; none where it is too far to find."""
    ends: dict[int, int] = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(len(left) + len(right), MOST_EDITS) + 1):
        trace.append(dict(ends))
        for diagonal in range(-edits, edits + 1, 2):
            x = _step(ends, diagonal, edits)
            y = x - diagonal
            while x < len(left) and y < len(right) and left[x] == right[y]:
                x, y = x + 1, y + 1
            ends[diagonal] = x
            if x >= len(left) and y >= len(right):
                return _walk_back(trace, len(left), len(right))
    return []


def _step(ends: dict[int, int], diagonal: int, edits: int) -> int:
    is_down = diagonal == -edits or (
        diagonal != edits and ends[diagonal - 1] < ends[diagonal + 1]
    )
    return ends[diagonal + 1] if is_down else ends[diagonal - 1] + 1


def _walk_back(trace: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    common: list[tuple[int, int]] = []
    for edits in range(len(trace) - 1, -1, -1):
        ends, diagonal = trace[edits], x - y
        start = _step(ends, diagonal, edits) if edits else 0
        while x > start and y > start - diagonal:
            x, y = x - 1, y - 1
            common.append((x, y))
        if edits:
            is_down = diagonal == -edits or (
                diagonal != edits and ends[diagonal - 1] < ends[diagonal + 1]
            )
            x, y = (x, y - 1) if is_down else (x - 1, y)
    return common[::-1]


def _filled(anchors: list[tuple[int, int]], lefts: int, rights: int) -> list[Pair]:
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
