"""How two recorded answers differ: status, headers, body, latency."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from monitor.compare.differences import Difference, Kind, marked
from monitor.compare.documents import document_differences
from monitor.compare.lines import line_differences
from monitor.fields import Fields, HeaderObject
from monitor.json_text import load_json
from monitor.resources import LogDetail, StoredBody
from monitor.shown import pairs, shown_body

# About the connection, and the length of a body that is compared itself.
LEFT_OUT = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an upstream said, as it is kept: masked, and cut at the body's limit."""

    status_code: int | None
    headers: Fields | HeaderObject
    body: StoredBody
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class Noise:
    """Where earlier answers differed from each other."""

    headers: frozenset[str] = frozenset()
    body: frozenset[str] = frozenset()


NO_NOISE = Noise()


@dataclass(frozen=True, slots=True)
class Bodies:
    """*kind*: json, text, binary, empty, or unavailable where one is not kept."""

    kind: str
    differences: list[Difference]
    complete: bool = True


def answer_of(detail: LogDetail) -> Answer:
    return Answer(
        status_code=detail.item.status_code,
        headers=detail.response_headers,
        body=detail.response_body,
        latency_ms=detail.item.latency_ms,
    )


def compared(left: Answer, right: Answer, noise: Noise = NO_NOISE) -> dict[str, Any]:
    """The comparison as /v1 shows it; *left* is of the original.

    `complete` is false where a body was cut or not kept, or differences are left out.
    """
    headers = marked(_headers(left.headers, right.headers), noise.headers)
    bodies = _bodies(left, right)
    body = marked(bodies.differences, noise.body)
    is_same_status = left.status_code == right.status_code
    return {
        "equal": is_same_status and not headers and not body,
        "equal_but_for_volatile": is_same_status
        and all(difference.volatile for difference in (*headers, *body)),
        "complete": bodies.complete,
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


def noise_of(earlier: Sequence[Answer]) -> Noise:
    """What differs between neighbours of *earlier* answers."""
    headers: set[str] = set()
    body: set[str] = set()
    for left, right in pairwise(earlier):
        headers |= {item.place for item in _headers(left.headers, right.headers)}
        body |= {item.place for item in _bodies(left, right).differences}
    return Noise(frozenset(headers), frozenset(body))


def _headers(
    left: Fields | HeaderObject, right: Fields | HeaderObject
) -> list[Difference]:
    before, after = _by_name(left), _by_name(right)
    found: list[Difference] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None:
            found.append(Difference(name, Kind.ADDED, right=new))
        elif new is None:
            found.append(Difference(name, Kind.REMOVED, left=old))
        elif old != new:
            found.append(Difference(name, Kind.CHANGED, old, new))
    return found


def _by_name(headers: Fields | HeaderObject) -> dict[str, str]:
    """Repeats in order, a line each; letter case of names says nothing."""
    names: dict[str, list[str]] = {}
    for name, value in pairs(headers):
        if name.lower() not in LEFT_OUT:
            names.setdefault(name.lower(), []).append(value)
    return {name: "\n".join(values) for name, values in names.items()}


def _bodies(left: Answer, right: Answer) -> Bodies:
    sides = [shown_body(side.body, side.headers) for side in (left, right)]
    if any(side.state.is_absent for side in sides):
        return Bodies("unavailable", [], complete=False)
    before, after = [side.content or b"" for side in sides]
    if not before and not after:
        return Bodies("empty", [])
    is_whole = not any(side.truncated for side in sides)
    texts = ["" if not side.content else side.text for side in sides]
    if texts[0] is None or texts[1] is None:
        return Bodies("binary", _digests(before, after), complete=is_whole)
    try:
        values = [load_json(text) for text in texts if text is not None]
        found, is_all = document_differences(*values)
        kind = "json"
    except (ValueError, RecursionError):
        found, is_all = line_differences(texts[0], texts[1])
        kind = "text"
    return Bodies(kind, found, complete=is_whole and is_all)


def _digests(left: bytes, right: bytes) -> list[Difference]:
    if left == right:
        return []
    before, after = [
        {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for content in (left, right)
    ]
    return [Difference("$", Kind.CHANGED, before, after)]


def _latency(left: float | None, right: float | None) -> dict[str, float | None]:
    is_known = left is not None and right is not None
    difference = right - left if is_known else None  # type: ignore[operator]
    return {"left": left, "right": right, "difference": difference}
