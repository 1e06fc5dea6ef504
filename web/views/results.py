"""A replay's answer beside the original: work that a helper process can do."""

import base64
from dataclasses import dataclass
from typing import Any, NamedTuple

from monitor.compare.sides import Row, side_by_side
from monitor.content.body import field_value, kind_of
from monitor.content.layout import laid_out
from monitor.logs.display import shown_body
from monitor.logs.log import LogDetail
from monitor.replay.replay import Replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One replay without its body, and both bodies beside each other where they are
    texts; *note* says what is not among the rows."""

    replay: Replay
    rows: list[Row]
    note: str | None


class Results(NamedTuple):
    result: Result
    is_limited: bool = False


def result_of(detail: LogDetail, document: bytes, limit: int) -> Results:
    """*document* is the replay as it is stored."""
    replay, body = Replay.and_body(document)
    before = shown_body(detail.response_body, detail.response_headers)
    left = _laid_out(before.text, before.content or b"", detail.response_headers, limit)
    right = _answered(replay, body, limit)
    if left is None or right is None or replay.comparison is None:
        return Results(Result(replay=replay, rows=[], note=None))
    rows, note = side_by_side(left, right, limit=limit)
    return Results(Result(replay=replay, rows=rows, note=note), note is not None)


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
