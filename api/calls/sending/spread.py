"""What the answers of a request that was sent many times come to together."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any
from uuid import UUID

from api.calls.sending.turns import Often
from api.output.comparisons import Comparisons
from monitor.compare.answers import RecordedAnswer
from monitor.replay.replay import ReplayStatus

# Of distinct answers, to see where they differ.
MOST_COMPARED = 10
Ids = Mapping[str, UUID | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOne:
    """*ids* are what it is called among all, *as_sample* as one of many the same."""

    ids: Ids
    as_sample: Ids
    answer: RecordedAnswer
    error: str | None


async def spread(
    found: Sequence[SentOne],
    asked: Often,
    comparisons: Comparisons,
    *,
    service_id: UUID,
) -> dict[str, Any]:
    taken = [one.answer.latency_ms for one in found]
    known = [ms for ms in taken if ms is not None]
    codes = [one.answer.status_code for one in found]
    statuses = Counter("none" if code is None else str(code) for code in codes)
    groups = _groups(found)
    # Where the distinct ones differ, the first few of them.
    varies = await comparisons.varying(
        service_id, [members[0].answer for _, members in groups[:MOST_COMPARED]]
    )
    return {
        "count": asked.count,
        "concurrency": asked.concurrency,
        "sent": len(found),
        "statuses": dict(sorted(statuses.items())),
        "latency_ms": {
            "min": min(known, default=None),
            "median": median(known) if known else None,
            "p95": _rank(known, 0.95),
            "max": max(known, default=None),
        },
        "answers": [_distinct(digest, members) for digest, members in groups],
        "varies": varies and {"headers": varies.headers, "body": varies.body},
        "items": [_item(one) for one in found],
    }


def _rank(taken: list[float], share: float) -> float | None:
    """The least that this *share* of all is within."""
    return sorted(taken)[ceil(share * len(taken)) - 1] if taken else None


Group = tuple[str, list[SentOne]]


def _groups(found: Sequence[SentOne]) -> list[Group]:
    """Answers by status and the bytes that were kept, the most frequent first."""
    groups: dict[tuple[int | None, str], list[SentOne]] = {}
    for one in found:
        digest = hashlib.sha256(one.answer.body.content or b"").hexdigest()
        groups.setdefault((one.answer.status_code, digest), []).append(one)
    most_first = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [(digest, members) for (_, digest), members in most_first]


def _distinct(digest: str, members: list[SentOne]) -> dict[str, Any]:
    sample = members[0]
    return {
        "status_code": sample.answer.status_code,
        "sha256": digest,
        "size": len(sample.answer.body.content or b""),
        "count": len(members),
        **sample.as_sample,
    }


def _item(one: SentOne) -> dict[str, Any]:
    status_code = one.answer.status_code
    return {
        **one.ids,
        "status": ReplayStatus.of(status_code),
        "status_code": status_code,
        "latency_ms": one.answer.latency_ms,
        "error": one.error,
    }
