"""How two texts differ, line by line."""

from itertools import islice

from monitor.compare.alignment import aligned
from monitor.compare.differences import MOST_DIFFERENCES, Difference, Kind

LONGEST_SHOWN = 4_096


def line_differences(left: str, right: str) -> tuple[list[Difference], bool]:
    """Lines count from 1; False where there are more differences than are listed."""
    before, after = left.splitlines(keepends=True), right.splitlines(keepends=True)
    found = (
        _difference(before, after, i, j)
        for i, j in aligned(before, after)
        if i is None or j is None or before[i] != after[j]
    )
    listed = list(islice(found, MOST_DIFFERENCES + 1))
    return listed[:MOST_DIFFERENCES], len(listed) <= MOST_DIFFERENCES


def _difference(
    before: list[str], after: list[str], i: int | None, j: int | None
) -> Difference:
    if i is None:
        assert j is not None
        return Difference(f"line[{j + 1}]", Kind.ADDED, right=_shown(after[j]))
    if j is None:
        return Difference(f"line[{i + 1}]", Kind.REMOVED, left=_shown(before[i]))
    return Difference(
        f"line[{j + 1}]", Kind.CHANGED, _shown(before[i]), _shown(after[j])
    )


def _shown(line: str) -> str:
    return line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}…"
