"""Two recorded answers: how status, headers, body and latency differ."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from monitor.compare.alignment import MAX_STEPS, AlignmentWork
from monitor.compare.differences import (
    Difference,
    DifferenceKind,
    Found,
    is_within,
    marked,
    shortened,
)
from monitor.compare.documents import document_differences
from monitor.compare.lines import line_differences
from monitor.compare.volatile import always_differs
from monitor.content.body import BodyKind
from monitor.content.charsets import without_mark
from monitor.defaults import WORK_LIMIT
from monitor.json.bounds import values_beginning
from monitor.json.text import load_json
from monitor.logs.display import ShownBody, pairs, shown_body
from monitor.logs.log import LogDetail, StoredBody
from monitor.traffic.exchange import Source
from monitor.traffic.fields import Fields, HeaderObject
from monitor.traffic.header_names import OF_CONNECTION

# About the connection, and the length of a body that is compared itself.
LEFT_OUT = OF_CONNECTION | {"content-length"}
# Several earlier answers may cost as much as the comparison itself.
NOISE_SHARE = 4
IN_PART = "a body was kept in part, or is longer than what is decoded"
EARLIER = "earlier answers of this endpoint differ here as well"
REPLAYED = "replays of this log differ here as well"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """What an upstream said, as it is kept: masked, and cut at the body's limit.

    *is_pushed*: what it has no headers or body of may just not have been told.
    """

    status_code: int | None
    headers: Fields | HeaderObject
    body: StoredBody
    latency_ms: float | None
    is_pushed: bool = False


@dataclass(frozen=True, slots=True)
class Noise:
    """Where answers to the same request differed; *reason*: which answers."""

    headers: frozenset[str] = frozenset()
    body: frozenset[str] = frozenset()
    reason: str = EARLIER


@dataclass(frozen=True, slots=True)
class Bodies:
    """*kind*: json, text, binary, empty, or unavailable where one is not kept."""

    kind: str
    found: Found = field(default_factory=Found)
    is_whole: bool = True


def answer_of(detail: LogDetail) -> RecordedAnswer:
    return RecordedAnswer(
        status_code=detail.item.status_code,
        headers=detail.response_headers,
        body=detail.response_body,
        latency_ms=detail.item.latency_ms,
        is_pushed=detail.item.source is Source.INGEST,
    )


def compared(
    left: RecordedAnswer, right: RecordedAnswer, *noises: Noise, limit: int = WORK_LIMIT
) -> dict[str, Any]:
    """The comparison as /v1 shows it; *left* is of the original.

    `complete` is false where a body was cut or not kept, or differences are left out;
    `notes` say what.
    """
    return told(left, right, bodies_of(left, right, limit=limit), noises)


def without_bodies(
    left: RecordedAnswer, right: RecordedAnswer, note: str
) -> dict[str, Any]:
    """The same where the bodies cannot be compared; *note* says why."""
    found = Found()
    found.end(note)
    return told(left, right, Bodies("unavailable", found), ())


def noise_of(
    earlier: Sequence[RecordedAnswer], reason: str = EARLIER, *, limit: int = WORK_LIMIT
) -> Noise:
    """What differs between neighbours of *earlier* answers."""
    headers: set[str] = set()
    body: set[str] = set()
    for left, right in pairwise(earlier):
        headers |= {
            item.place
            for item in _headers(left, right).differences
            # What was never told is no evidence.
            if item.kind is not DifferenceKind.UNAVAILABLE
        }
        work = AlignmentWork(most=MAX_STEPS // NOISE_SHARE)
        found = bodies_of(left, right, limit=limit // NOISE_SHARE, work=work).found
        body |= {item.place for item in found.differences}
        body |= {
            Difference(place, DifferenceKind.CHANGED).place for place in found.order
        }
    return Noise(frozenset(headers), frozenset(body), reason)


def told(
    left: RecordedAnswer, right: RecordedAnswer, bodies: Bodies, noises: Sequence[Noise]
) -> dict[str, Any]:
    """The comparison, where *bodies* are compared already."""
    fields = _headers(left, right)
    headers, body = fields.differences, bodies.found.differences
    for noise in noises:
        headers = marked(headers, noise.headers, noise.reason)
        body = marked(body, noise.body, noise.reason)
    order = [
        {"path": path, "volatile": any(is_within(path, one.body) for one in noises)}
        for path in bodies.found.order
    ]
    differing = [
        one for one in (*headers, *body) if one.kind is not DifferenceKind.UNAVAILABLE
    ]
    is_same_status = left.status_code == right.status_code
    return {
        "equal": is_same_status and not differing and not order,
        "equal_but_for_volatile": is_same_status
        and all(one.volatile for one in differing)
        and all(one["volatile"] for one in order),
        "complete": bodies.is_whole and bodies.found.is_all and fields.is_all,
        "notes": [
            *fields.notes,
            *(f"order differs at {path}" for path in bodies.found.order),
            *bodies.found.notes,
            *([] if bodies.is_whole else [IN_PART]),
        ],
        "order": order,
        "status": {
            "left": left.status_code,
            "right": right.status_code,
            "equal": is_same_status,
        },
        "latency_ms": _latency(left.latency_ms, right.latency_ms),
        "headers": [difference.shown() for difference in headers],
        "body_kind": bodies.kind,
        "body": [difference.shown() for difference in body],
    }


def _headers(left: RecordedAnswer, right: RecordedAnswer) -> Found:
    before, after = _by_name(left.headers), _by_name(right.headers)
    found = Found()
    is_untold = [side.is_pushed and not side.headers for side in (left, right)]
    if any(is_untold):
        found.end("the headers of one side were never pushed")
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        kind = DifferenceKind.CHANGED
        if old is None:
            kind = DifferenceKind.UNAVAILABLE if is_untold[0] else DifferenceKind.ADDED
        elif new is None:
            kind = (
                DifferenceKind.UNAVAILABLE if is_untold[1] else DifferenceKind.REMOVED
            )
        if not found.add(_header(name, kind, old, new)):
            break
    return found


def _header(
    name: str, kind: DifferenceKind, old: str | None, new: str | None
) -> Difference:
    reason = always_differs(name)
    return Difference(
        name,
        kind,
        None if old is None else shortened(old),
        None if new is None else shortened(new),
        volatile=reason is not None,
        reason=reason,
    )


def _by_name(headers: Fields | HeaderObject) -> dict[str, str]:
    """Repeats in order, a line each; letter case of names says nothing."""
    names: dict[str, list[str]] = {}
    for name, value in pairs(headers):
        if name.lower() not in LEFT_OUT:
            names.setdefault(name.lower(), []).append(value)
    return {name: "\n".join(values) for name, values in names.items()}


def bodies_of(
    left: RecordedAnswer,
    right: RecordedAnswer,
    *,
    limit: int = WORK_LIMIT,
    work: AlignmentWork | None = None,
) -> Bodies:
    if any(_is_unavailable(side) for side in (left, right)):
        found = Found()
        found.end("a body is not kept, or was never pushed")
        return Bodies("unavailable", found)
    sides = [shown_body(side.body, side.headers) for side in (left, right)]
    before, after = [side.content or b"" for side in sides]
    if not before and not after:
        return Bodies("empty")
    is_whole = not any(side.truncated for side in sides)
    if any(side.content and side.text is None for side in sides):
        return Bodies("binary", Found(_digests(before, after)), is_whole)
    texts = ["" if side.text is None else without_mark(side.text) for side in sides]
    problem = None
    if all(_is_json(side) for side in sides):
        documents, problem = _documents(texts, limit, work)
        if documents is not None:
            return Bodies("json", documents, is_whole)
    found = line_differences(*texts, limit=limit, work=work)
    if problem is not None:
        found.notes.append(problem)
    return Bodies("text", found, is_whole)


def _is_unavailable(side: RecordedAnswer) -> bool:
    body = side.body
    is_untold = side.is_pushed and body.content is None
    return body.state.is_absent or body.is_gone or is_untold


def _is_json(side: ShownBody) -> bool:
    """By its type; by its look only where it has none."""
    return side.kind is BodyKind.JSON


def _documents(
    texts: Sequence[str], limit: int, work: AlignmentWork | None
) -> tuple[Found | None, str | None]:
    """None where one of them is no JSON, and why where that is a bound."""
    begun = [values_beginning(text, limit, closed=True) for text in texts]
    cut = [one.problem is not None for one in begun]
    for one in begun:
        if one.problem is not None and not one.text:
            return None, f"compared as text: {one.problem}"
    try:
        left, right = [load_json(one.text) for one in begun]
    except (ValueError, RecursionError):
        return None, None
    found = document_differences(left, right, cut=(cut[0], cut[1]), work=work)
    if any(cut):
        found.reach(f"not compared past value {limit:,}")
    return found, None


def _digests(left: bytes, right: bytes) -> list[Difference]:
    if left == right:
        return []
    before, after = [
        {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for content in (left, right)
    ]
    return [Difference("$", DifferenceKind.CHANGED, before, after)]


def _latency(left: float | None, right: float | None) -> dict[str, float | None]:
    is_known = left is not None and right is not None
    difference = right - left if is_known else None  # type: ignore[operator]
    return {"left": left, "right": right, "difference": difference}
