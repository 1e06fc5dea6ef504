"""Two texts: how they differ, line by line."""

from monitor.compare.alignment import AlignmentWork, Pair, aligned, numbered
from monitor.compare.differences import Difference, DifferenceKind, Found, shortened
from monitor.defaults import WORK_LIMIT
from monitor.json.bounds import lines_beginning


def line_differences(
    left: str, right: str, *, limit: int = WORK_LIMIT, work: AlignmentWork | None = None
) -> Found:
    """Lines count from 1; those beyond *limit* are not compared."""
    found, work = Found(), work or AlignmentWork()
    begun = [lines_beginning(text, limit) for text in (left, right)]
    cut = [one.problem is not None for one in begun]
    before, after = [one.text.splitlines(keepends=True) for one in begun]
    marks = numbered(before, after)
    pairs = without_cut_end(aligned(marks[0], marks[1], work), *cut)
    for i, j in pairs:
        if i is not None and j is not None and before[i] == after[j]:
            continue
        if not found.add(_difference(before, after, i, j)):
            break
    if any(cut):
        found.reach(f"not compared past line {limit:,}")
    if work.by_position:
        found.notes.append("the texts are far apart: lines are paired by position")
    return found


def without_cut_end(
    pairs: list[Pair], is_left_cut: bool, is_right_cut: bool
) -> list[Pair]:
    """What has no counterpart because the other side's end is cut off says nothing."""
    end = len(pairs)
    while end and (
        (pairs[end - 1][1] is None and is_right_cut)
        or (pairs[end - 1][0] is None and is_left_cut)
    ):
        end -= 1
    return pairs[:end]


def _difference(
    before: list[str], after: list[str], i: int | None, j: int | None
) -> Difference:
    if i is None:
        assert j is not None
        return Difference(
            f"line[{j + 1}]", DifferenceKind.ADDED, right=shortened(after[j])
        )
    if j is None:
        return Difference(
            f"line[{i + 1}]", DifferenceKind.REMOVED, left=shortened(before[i])
        )
    return Difference(
        f"line[{j + 1}]",
        DifferenceKind.CHANGED,
        shortened(before[i]),
        shortened(after[j]),
    )
