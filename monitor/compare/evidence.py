"""Two logs compared, with what is known of the answers of their endpoint."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from monitor.compare.answers import (
    REPLAYED,
    RecordedAnswer,
    bodies_of,
    noise_of,
    told,
)
from monitor.logs.log import LogDetail
from monitor.traffic.exchange import Source

MOST_VARYING = 100


class Compared(NamedTuple):
    shown: dict[str, Any]
    is_limited: bool = False


class Varying(NamedTuple):
    """Names of headers, and places in bodies."""

    headers: list[str]
    body: list[str]
    is_limited: bool = False


class Evidence(NamedTuple):
    """Answers that show what differs anyway: others like the original, and like what
    it is compared with, as replays of the same log are."""

    earlier: Sequence[RecordedAnswer] = ()
    replays: Sequence[RecordedAnswer] = ()


def compared_answers(
    original: RecordedAnswer,
    answer: RecordedAnswer,
    evidence: Evidence,
    limit: int,
    reason: str = REPLAYED,
) -> Compared:
    """*reason*: what the second part of the *evidence* are."""
    noises = [
        noise_of([original, *evidence.earlier], limit=limit),
        noise_of([answer, *evidence.replays], reason, limit=limit),
    ]
    bodies = bodies_of(original, answer, limit=limit)
    return Compared(told(original, answer, bodies, noises), bodies.found.is_limited)


def varying(answers: Sequence[RecordedAnswer], limit: int) -> Varying:
    """Where answers to one request that were given one after the other differ."""
    found = noise_of(answers, limit=limit)
    return Varying(
        sorted(found.headers)[:MOST_VARYING], sorted(found.body)[:MOST_VARYING]
    )


def compared_requests(left: LogDetail, right: LogDetail, limit: int) -> Compared:
    """The requests of both, as answers without a status are compared."""
    before, after = request_of(left), request_of(right)
    bodies = bodies_of(before, after, limit=limit)
    return Compared(told(before, after, bodies, ()), bodies.found.is_limited)


def request_of(detail: LogDetail) -> RecordedAnswer:
    return RecordedAnswer(
        status_code=None,
        headers=detail.request_headers,
        body=detail.request_body,
        latency_ms=None,
        is_pushed=detail.item.source is Source.INGEST,
    )
