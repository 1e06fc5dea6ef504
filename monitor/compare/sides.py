"""Two texts beside each other, line by line, for a reader's eye."""

from typing import NamedTuple

from monitor.compare.alignment import AlignmentWork, Pair, aligned, numbered
from monitor.compare.differences import DifferenceKind
from monitor.compare.lines import without_cut_end
from monitor.defaults import WORK_LIMIT
from monitor.json.bounds import lines_beginning

# Equal lines that are kept around a difference.
CONTEXT_LINES = 3
# A shorter stretch is read sooner than it is unfolded elsewhere.
LEAST_FOLDED = 20
MAX_ROWS = 2_000
MAX_LINE_LENGTH = 2_000
# Of all rows: what is rendered.
MAX_CHARACTERS = 512 * 1024


class Row(NamedTuple):
    """*kind* is None for equal lines; *folded*: so many equal lines stand here.

    A tuple, because thousands of them come back from another process.
    """

    left: str | None
    right: str | None
    left_number: int | None
    right_number: int | None
    kind: DifferenceKind | None = None
    folded: int = 0


def side_by_side(
    left: str, right: str, *, limit: int = WORK_LIMIT
) -> tuple[list[Row], str | None]:
    """Rows with long equal stretches folded, and what is not among them."""
    begun = [lines_beginning(text, limit) for text in (left, right)]
    cut = [one.problem is not None for one in begun]
    before, after = [one.text.splitlines() for one in begun]
    marks = numbered(before, after)
    pairs = without_cut_end(aligned(marks[0], marks[1], AlignmentWork()), *cut)
    rows: list[Row] = []
    characters = 0
    for stretch in _stretches(pairs, *marks):
        for i, j in stretch if isinstance(stretch, list) else ():
            row = _row(before, after, i, j)
            characters += len(row.left or "") + len(row.right or "")
            if len(rows) >= MAX_ROWS or characters > MAX_CHARACTERS:
                return rows, f"The first {len(rows):,} rows are shown."
            rows.append(row)
        if isinstance(stretch, int):
            rows.append(Row(None, None, None, None, folded=stretch))
    return rows, f"Not compared past line {limit:,}." if any(cut) else None


def _stretches(
    pairs: list[Pair], left: list[int], right: list[int]
) -> list[list[Pair] | int]:
    """What is near a difference as it is; of what is not, how much it is."""
    changed = [
        n
        for n, (i, j) in enumerate(pairs)
        if i is None or j is None or left[i] != right[j]
    ]
    found: list[list[Pair] | int] = []
    done = 0
    for n in [*changed, len(pairs) + CONTEXT_LINES]:
        begin = max(n - CONTEXT_LINES, done)
        if begin - done >= LEAST_FOLDED:
            found.append(begin - done)
            done = begin
        end = min(n + CONTEXT_LINES + 1, len(pairs))
        found.append(pairs[done:end])
        done = max(done, end)
    return found


def _row(before: list[str], after: list[str], i: int | None, j: int | None) -> Row:
    left = None if i is None else before[i]
    right = None if j is None else after[j]
    kind = None
    if left is None:
        kind = DifferenceKind.ADDED
    elif right is None:
        kind = DifferenceKind.REMOVED
    elif left != right:
        kind = DifferenceKind.CHANGED
    return Row(
        left=_shown(left),
        right=_shown(right),
        left_number=None if i is None else i + 1,
        right_number=None if j is None else j + 1,
        kind=kind,
    )


def _shown(line: str | None) -> str | None:
    if line is None or len(line) <= MAX_LINE_LENGTH:
        return line
    return f"{line[:MAX_LINE_LENGTH]}…"
