"""Identity of objects in two arrays, whatever changed in them."""

from collections.abc import Callable
from typing import Any

from monitor.compare.alignment import Pair, filled
from monitor.json.text import Number

# Looked at first, where each element has it; else any member that tells all apart.
NAMES = ("id", "_id", "uuid", "key", "code", "name")

Of = Callable[[Any], int]


def same_objects(
    left: list[Any], right: list[Any], of: Of
) -> tuple[list[Pair], bool] | None:
    """Positions that go together, and whether they are in the same order.

    None where nothing tells the elements apart. *of* numbers values.
    """
    if not left or not right:
        return None
    if not all(isinstance(one, dict) for one in (*left, *right)):
        return None
    for name in NAMES:
        found = _matched(left, right, name, of)
        if found is not None:
            return _paired(found, len(left), len(right))
    best = _best(left, right, of)
    # Fewer in common are not the same objects.
    if best and 2 * len(best) >= min(len(left), len(right)):
        return _paired(best, len(left), len(right))
    return None


def _best(left: list[Any], right: list[Any], of: Of) -> list[tuple[int, int]]:
    best: list[tuple[int, int]] = []
    for name in left[0]:
        found = _matched(left, right, name, of)
        if found and len(found) > len(best):
            best = found
    return best


def _matched(
    left: list[Any], right: list[Any], name: str, of: Of
) -> list[tuple[int, int]] | None:
    """Positions with the same *name*; None where it is no identity of all of them."""
    before, after = _identities(left, name, of), _identities(right, name, of)
    if before is None or after is None:
        return None
    return [(i, after[one]) for one, i in before.items() if one in after]


def _identities(values: list[Any], name: str, of: Of) -> dict[int, int] | None:
    found: dict[int, int] = {}
    for n, value in enumerate(values):
        identity = value.get(name)
        if not isinstance(identity, str | Number):
            return None
        if found.setdefault(of(identity), n) != n:
            return None
    return found


def _paired(
    matched: list[tuple[int, int]], lefts: int, rights: int
) -> tuple[list[Pair], bool]:
    places = [j for _, j in matched]
    if places == sorted(places):
        return filled(matched, lefts, rights), True
    taken, given = {i for i, _ in matched}, set(places)
    rest = [i for i in range(lefts) if i not in taken]
    new = [j for j in range(rights) if j not in given]
    together = min(len(rest), len(new))
    pairs: list[Pair] = [*matched, *zip(rest, new, strict=False)]
    pairs.sort(key=lambda pair: pair[1] or 0)
    pairs += [(i, None) for i in rest[together:]]
    pairs += [(None, j) for j in new[together:]]
    return pairs, False
