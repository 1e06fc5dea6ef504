"""Two JSON documents: how they differ, by path, elements of arrays matched."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from monitor.compare.alignment import AlignmentWork, Pair, aligned
from monitor.compare.differences import (
    MAX_SHOWN_LENGTH,
    Difference,
    DifferenceKind,
    Found,
    shortened,
)
from monitor.compare.identity import same_objects
from monitor.compare.lines import without_cut_end
from monitor.compare.places import ROOT, Place, member, path_of
from monitor.compare.values import Numbering, normalised
from monitor.json.output import visible
from monitor.json.text import Number, json_pieces

MAX_INTEGER = 2**63
# Numbers that are equal and spelled differently: so many are named.
MAX_SPELLINGS = 5
# What stands on one side only.
NOTHING = object()


@dataclass(frozen=True, slots=True)
class Both:
    """Two values at one place; *cut*: what follows them on a side was cut off."""

    place: Place
    left: Any
    right: Any
    cut: tuple[bool, bool] = (False, False)


def document_differences(
    left: Any,
    right: Any,
    *,
    cut: tuple[bool, bool] = (False, False),
    work: AlignmentWork | None = None,
) -> Found:
    """Of what *load_json* gave of both; an inserted element is one difference.

    *cut*: the documents are the beginnings of longer ones.
    """
    found, work = Found(), work or AlignmentWork()
    numbers = Numbering(left, right)
    todo = [Both(ROOT, left, right, cut)]
    while todo:
        both = todo.pop()
        if both.left is not NOTHING and both.right is not NOTHING:
            if numbers.of(both.left) == numbers.of(both.right):
                continue
            inner = _inner(both, numbers, found, work)
            if inner is not None:
                todo += reversed(inner)
                continue
        if not found.add(_difference(both)):
            break
    if work.by_position:
        found.notes.append("arrays that are far apart are paired by position")
    found.notes += _spellings(left, right, numbers)
    return found


def _inner(
    both: Both, numbers: Numbering, found: Found, work: AlignmentWork
) -> list[Both] | None:
    """What is to be compared within; None where the values themselves differ."""
    left, right = both.left, both.right
    if isinstance(left, dict) and isinstance(right, dict):
        return _of_objects(both, left, right)
    if isinstance(left, list) and isinstance(right, list):
        pairs, is_in_order = _pairs(left, right, numbers, work)
        if not is_in_order:
            found.order.append(path_of(both.place))
        return _of_arrays(both, without_cut_end(pairs, *both.cut))
    return None


def _of_objects(both: Both, left: dict[str, Any], right: dict[str, Any]) -> list[Both]:
    is_left_cut, is_right_cut = both.cut
    ends = _last(left) if is_left_cut else None, _last(right) if is_right_cut else None
    made: list[Both] = []
    for name, value in left.items():
        if name in right or not is_right_cut:
            cut = name == ends[0], name == ends[1]
            place = both.place, member(name)
            made.append(Both(place, value, right.get(name, NOTHING), cut))
    for name, value in right.items():
        if name not in left and not is_left_cut:
            made.append(Both((both.place, member(name)), NOTHING, value))
    return made


def _last(members: dict[str, Any]) -> str | None:
    return next(reversed(members), None)


def _pairs(
    left: list[Any], right: list[Any], numbers: Numbering, work: AlignmentWork
) -> tuple[list[Pair], bool]:
    known = same_objects(left, right, numbers.of)
    if known is not None:
        return known
    of = numbers.of
    return aligned([of(one) for one in left], [of(one) for one in right], work), True


def _of_arrays(both: Both, pairs: list[Pair]) -> list[Both]:
    left, right = both.left, both.right
    made: list[Both] = []
    for i, j in pairs:
        place = both.place, f"[{i if j is None else j}]"
        before = NOTHING if i is None else left[i]
        after = NOTHING if j is None else right[j]
        cut = (
            both.cut[0] and i == len(left) - 1,
            both.cut[1] and j == len(right) - 1,
        )
        made.append(Both(place, before, after, cut))
    return made


def _difference(both: Both) -> Difference:
    path = path_of(both.place)
    if both.left is NOTHING:
        return Difference(path, DifferenceKind.ADDED, right=_shown(both.right))
    if both.right is NOTHING:
        return Difference(path, DifferenceKind.REMOVED, left=_shown(both.left))
    is_same_type = _type(both.left) == _type(both.right)
    kind = DifferenceKind.CHANGED if is_same_type else DifferenceKind.TYPE_CHANGED
    return Difference(path, kind, _shown(both.left), _shown(both.right))


def _spellings(left: Any, right: Any, numbers: Numbering) -> list[str]:
    """A note on numbers that are equal but spelled differently."""
    found = list(islice(_respelled(left, right, numbers), MAX_SPELLINGS + 1))
    if not found:
        return []
    more = " and elsewhere" if len(found) > MAX_SPELLINGS else ""
    places = ", ".join(found[:MAX_SPELLINGS])
    return [f"equal numbers are spelled differently: {places}{more}"]


def _respelled(left: Any, right: Any, numbers: Numbering) -> Iterator[str]:
    spelled = Numbering(left, right, by_spelling=True)
    todo: list[tuple[Place, Any, Any]] = [(ROOT, left, right)]
    while todo:
        place, before, after = todo.pop()
        if spelled.of(before) == spelled.of(after):
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            shared = [name for name in before if name in after]
            todo += [((place, member(n)), before[n], after[n]) for n in shared[::-1]]
        elif isinstance(before, list) and isinstance(after, list):
            both = list(enumerate(zip(before, after, strict=False)))
            todo += [((place, f"[{n}]"), a, b) for n, (a, b) in both[::-1]]
        elif numbers.of(before) == numbers.of(after):
            told = [shortened(value.spelling)[:40] for value in (before, after)]
            yield f"{path_of(place)} ({told[0]} and {told[1]})"


def _type(value: Any) -> str:
    match value:
        case dict():
            return "object"
        case list():
            return "array"
        case str():
            return "string"
        case bool():
            return "boolean"
        case None:
            return "null"
        case _:
            return "number"


def _shown(value: Any) -> Any:
    """As plain JSON; what is too long is its beginning, as text."""
    if isinstance(value, str):
        return shortened(visible(value))
    if not isinstance(value, dict | list):
        return _plain_number(value) if isinstance(value, Number) else value
    text = ""
    for piece in json_pieces(value, "", ""):
        text += piece
        if len(text) > MAX_SHOWN_LENGTH:
            return shortened(text)
    # What was laid out without a loss is read back the same.
    return _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {visible(name): _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case Number():
            return _plain_number(value)
        case str():
            return visible(value)
        case _:
            return value


def _plain_number(number: Number) -> int | float | str:
    """As it was spelled, in quotes, where a JSON reader would change it."""
    spelling = shortened(number.spelling)
    if spelling.lstrip("-").isdigit():
        whole = int(spelling) if len(spelling) < 20 else MAX_INTEGER
        return whole if abs(whole) < MAX_INTEGER else spelling
    try:
        value = float(spelling)
    except ValueError:
        return spelling
    return value if normalised(repr(value)) == normalised(spelling) else spelling
