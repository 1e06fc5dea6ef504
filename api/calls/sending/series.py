"""The call that sends a recorded request many times, and says how answers spread."""

import asyncio
import hashlib
from collections import Counter
from math import ceil
from statistics import median
from typing import Any, NamedTuple

from aiohttp import web

from api.calls.replays import Prepared, ReplayCalls
from api.input import json_input
from api.input.errors import answer
from api.input.replay_schemas import NewSeries
from api.output.comparisons import Comparisons
from api.output.received import Received
from api.parts import Parts
from monitor.errors import TooManyRequests
from monitor.replay.replay import Replay

# Of distinct answers, to see where they differ.
MOST_COMPARED = 10
# How long one waits where all places are taken by others.
PAUSE_S = 0.1


class SentOne(NamedTuple):
    replay: Replay
    received: Received


class SeriesCalls:
    def __init__(self, parts: Parts) -> None:
        self._settings = parts.settings
        self._replays = ReplayCalls(parts)
        self._comparisons = Comparisons(parts)

    async def create(self, request: web.Request) -> web.Response:
        """201, each that was sent, and what the answers come to together."""
        prepared, new = await self._replays.prepared(request, NewSeries)
        self._check(new)
        # As long as one replay may take, whatever they are.
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.replay_timeout_s
        found: list[SentOne] = []
        left = iter(range(new.count))

        async def in_turn() -> None:
            for _ in left:
                if loop.time() >= until:
                    return
                found.append(await self._one(prepared))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(new.concurrency, new.count)):
                group.create_task(in_turn())
        varies = await self._varying(prepared, found)
        return answer({**_spread(found, new), "varies": varies}, status=201)

    async def _varying(
        self, prepared: Prepared, found: list[SentOne]
    ) -> dict[str, list[str]] | None:
        """Where the distinct answers differ, the first few of them."""
        answers = [group[0].received.answer for _, group in _groups(found)]
        made = await self._comparisons.varying(
            prepared.detail.item.service_id, answers[:MOST_COMPARED]
        )
        return None if made is None else {"headers": made.headers, "body": made.body}

    async def _one(self, prepared: Prepared) -> SentOne:
        while True:
            try:
                return SentOne(*await self._replays.one(prepared, of_series=True))
            except TooManyRequests:
                await asyncio.sleep(PAUSE_S)

    def _check(self, new: NewSeries) -> None:
        for name, given, most, setting in (
            ("count", new.count, self._settings.replay_series_limit, "SERIES_"),
            ("concurrency", new.concurrency, self._settings.replay_limit, ""),
        ):
            if given > most:
                reason = f"must be at most {most} (REPLAY_{setting}LIMIT)"
                raise json_input.invalid((name,), reason, "less_than_equal")


def _spread(found: list[SentOne], new: NewSeries) -> dict[str, Any]:
    replays = [one.replay for one in found]
    taken = [r.latency_ms for r in replays if r.latency_ms is not None]
    statuses = Counter(
        "none" if r.status_code is None else str(r.status_code) for r in replays
    )
    return {
        "count": new.count,
        "concurrency": new.concurrency,
        "sent": len(found),
        "statuses": dict(sorted(statuses.items())),
        "latency_ms": {
            "min": min(taken, default=None),
            "median": median(taken) if taken else None,
            "p95": _rank(taken, 0.95),
            "max": max(taken, default=None),
        },
        "answers": _distinct(found),
        "items": [_item(replay) for replay in replays],
    }


def _rank(taken: list[float], share: float) -> float | None:
    """The least that this *share* of all is within."""
    return sorted(taken)[ceil(share * len(taken)) - 1] if taken else None


Group = tuple[tuple[int | None, str], list[SentOne]]


def _groups(found: list[SentOne]) -> list[Group]:
    """Answers by status and the bytes that were kept, the most frequent first."""
    groups: dict[tuple[int | None, str], list[SentOne]] = {}
    for one in found:
        content = one.received.answer.body.content or b""
        digest = hashlib.sha256(content).hexdigest()
        groups.setdefault((one.replay.status_code, digest), []).append(one)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _distinct(found: list[SentOne]) -> list[dict[str, Any]]:
    """Each with one of its replays."""
    return [
        {
            "status_code": status_code,
            "sha256": digest,
            "size": len(members[0].received.answer.body.content or b""),
            "count": len(members),
            "replay_id": members[0].replay.id,
            "replay_log_id": members[0].replay.replay_log_id,
        }
        for (status_code, digest), members in _groups(found)
    ]


def _item(replay: Replay) -> dict[str, Any]:
    return {
        "id": replay.id,
        "replay_log_id": replay.replay_log_id,
        "status": replay.status,
        "status_code": replay.status_code,
        "latency_ms": replay.latency_ms,
        "error": replay.error,
    }
