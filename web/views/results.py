"""Bodies beside each other, as lines: work that a helper process can do."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from monitor.compare.rules import ComparisonRule, applied
from monitor.compare.sides import Row, side_by_side
from monitor.content.body import field_value, kind_of
from monitor.content.layout import laid_out
from monitor.logs.display import shown_body
from monitor.logs.log import LogDetail, StoredBody
from monitor.replay.replay import Replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One replay without its body, and both bodies beside each other where they are
    texts; *note* says what is not among the rows."""

    replay: Replay
    rows: list[Row]
    note: str | None
    # Of both bodies decoded, as far as they are kept.
    sizes: tuple[int, int] | None = None


class Results(NamedTuple):
    result: Result
    is_limited: bool = False


def with_rules(result: Result, rules: Sequence[ComparisonRule]) -> Result:
    """What the rules of today say of a comparison of then."""
    comparison = result.replay.comparison
    if comparison is None:
        return result
    made = {**comparison, **applied(comparison, rules)}
    return replace(result, replay=replace(result.replay, comparison=made))


def result_of(detail: LogDetail, document: bytes, limit: int) -> Results:
    """*document* is the replay as it is stored."""
    replay, body = Replay.and_body(document)
    before = shown_body(detail.response_body, detail.response_headers)
    left = _laid_out(before.text, before.content or b"", detail.response_headers, limit)
    right = _answered(replay, body, limit)
    if left is None or right is None or replay.comparison is None:
        return Results(Result(replay=replay, rows=[], note=None))
    rows, note = side_by_side(left, right, limit=limit)
    sizes = len(before.content or b""), len((body or "").encode())
    made = Result(replay=replay, rows=rows, note=note, sizes=sizes)
    return Results(made, note is not None)


def _answered(replay: Replay, body: str | None, limit: int) -> str | None:
    """The replay's answer as text; None where it is none."""
    if body is None:
        return ""
    if replay.response_body_encoding == "base64":
        return "" if not base64.b64decode(body) else None
    return _laid_out(body, body.encode(), replay.response_headers, limit)


def _laid_out(text: str | None, content: bytes, headers: Any, limit: int) -> str | None:
    if text is None:
        return None if content else ""
    kind = kind_of(field_value(headers, "content-type"), content)
    return laid_out(kind, text, limit=limit).text or text


class Beside(NamedTuple):
    """Lines of the bodies of two logs; *note* says what is not among them."""

    requests: list[Row]
    answers: list[Row]
    note: str | None
    is_limited: bool = False


def beside(left: LogDetail, right: LogDetail, limit: int) -> Beside:
    sent = _rows(left.request_body, right.request_body, left, right, limit, "request")
    got = _rows(left.response_body, right.response_body, left, right, limit, "response")
    note = got[1] or sent[1]
    return Beside(sent[0], got[0], note, note is not None)


def _rows(
    before: StoredBody,
    after: StoredBody,
    left: LogDetail,
    right: LogDetail,
    limit: int,
    side: str,
) -> tuple[list[Row], str | None]:
    texts = []
    for stored, detail in ((before, left), (after, right)):
        headers = getattr(detail, f"{side}_headers")
        shown = shown_body(stored, headers)
        text = _laid_out(shown.text, shown.content or b"", headers, limit)
        if text is None:
            return [], f"A {side} body is no text."
        texts.append(text)
    return side_by_side(texts[0], texts[1], limit=limit)
