"""Two texts beside each other, line by line, for a reader's eye."""

from dataclasses import dataclass

from monitor.compare.alignment import aligned
from monitor.compare.differences import Kind

# Equal lines that are kept around a difference.
CONTEXT_LINES = 3
# A shorter stretch is read sooner than it is unfolded elsewhere.
LEAST_FOLDED = 20
MOST_ROWS = 2_000
LONGEST_LINE = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """*kind* is None for equal lines; *folded*: so many equal lines stand here."""

    left: str | None
    right: str | None
    left_number: int | None
    right_number: int | None
    kind: Kind | None = None
    folded: int = 0


def side_by_side(left: str, right: str) -> tuple[list[Row], bool]:
    """Rows with long equal stretches folded; False where rows are left out."""
    before, after = left.splitlines(), right.splitlines()
    rows = [_row(before, after, i, j) for i, j in aligned(before, after)]
    folded = _folded(rows)
    return folded[:MOST_ROWS], len(folded) <= MOST_ROWS


def _row(before: list[str], after: list[str], i: int | None, j: int | None) -> Row:
    left = None if i is None else before[i]
    right = None if j is None else after[j]
    kind = None
    if left is None:
        kind = Kind.ADDED
    elif right is None:
        kind = Kind.REMOVED
    elif left != right:
        kind = Kind.CHANGED
    return Row(
        left=_shown(left),
        right=_shown(right),
        left_number=None if i is None else i + 1,
        right_number=None if j is None else j + 1,
        kind=kind,
    )


def _folded(rows: list[Row]) -> list[Row]:
    near = [False] * len(rows)
    for n, row in enumerate(rows):
        if row.kind is not None:
            start = max(n - CONTEXT_LINES, 0)
            for m in range(start, min(n + CONTEXT_LINES + 1, len(rows))):
                near[m] = True
    found: list[Row] = []
    run: list[Row] = []
    for n, row in enumerate(rows):
        if near[n]:
            found += _closed(run)
            run = []
            found.append(row)
        else:
            run.append(row)
    return found + _closed(run)


def _closed(run: list[Row]) -> list[Row]:
    """A stretch of equal lines: as it is where folding it would save little."""
    if len(run) < LEAST_FOLDED:
        return run
    return [Row(None, None, None, None, folded=len(run))]


def _shown(line: str | None) -> str | None:
    if line is None or len(line) <= LONGEST_LINE:
        return line
    return f"{line[:LONGEST_LINE]}…"
