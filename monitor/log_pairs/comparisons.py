"""Two logs side by side: what of them differs, and what differs anyway."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from monitor.compare.answers import EARLIER as EARLIER_ANSWERS
from monitor.compare.answers import RecordedAnswer, answer_of, without_bodies
from monitor.compare.evidence import (
    Evidence,
    compared_answers,
    compared_requests,
    request_of,
)
from monitor.compare.rules import ComparisonRule, applied
from monitor.errors import NotFound
from monitor.logs.log import LogDetail, StoredBody
from monitor.offload.helpers import Helpers
from monitor.offload.little import COMPARED_BYTES, COMPARED_MARKS, Kept, are_little
from monitor.offload.outcome import OutcomeKind, Unworked
from monitor.storage.stores import Stores

# Two are the least that can differ from each other; the log itself is one of them.
MOST_EARLIER = 3
NO_GOOD = (
    "no earlier log of this service, method and endpoint went well, "
    "among the newest ones before it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedLogs:
    """*answers* and *requests* are comparisons as /v1 shows them; *rules* are applied
    to *answers* already."""

    left: LogDetail
    right: LogDetail
    endpoint: str | None
    answers: dict[str, Any]
    requests: dict[str, Any]
    rules: Sequence[ComparisonRule]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of bodies on both sides; None is what is not known."""

    left: int | None
    right: int | None

    @property
    def difference(self) -> int | None:
        if self.left is None or self.right is None:
            return None
        return self.right - self.left


def request_sizes(made: ComparedLogs) -> Sizes:
    sides = [
        _size(one.item.request_size, one.request_body)
        for one in (made.left, made.right)
    ]
    return Sizes(*sides)


def response_sizes(made: ComparedLogs) -> Sizes:
    sides = [
        _size(one.item.response_size, one.response_body)
        for one in (made.left, made.right)
    ]
    return Sizes(*sides)


def _size(passed: int | None, body: StoredBody) -> int | None:
    """As it passed; of what was pushed, how much that was."""
    if passed is None and body.content is not None and not body.truncated:
        return len(body.content)
    return passed


class LogComparisons:
    """Made by a helper process where they are more than little."""

    def __init__(self, stores: Stores, helpers: Helpers, *, work_limit: int) -> None:
        self._stores = stores
        self._helpers = helpers
        self._work_limit = work_limit

    async def last_good(self, detail: LogDetail) -> UUID:
        """The newest earlier one of its kind that went well. Raises NotFound."""
        found = await self._stores.replays.last_good(detail.item)
        if found is None:
            raise NotFound(NO_GOOD)
        return found

    async def of(self, left: LogDetail, right: LogDetail) -> ComparedLogs:
        endpoint = await self._stores.replays.endpoint_of(right.item.id)
        rules = await self._stores.comparison_rules.of(right.item.service_id, endpoint)
        return ComparedLogs(
            left=left,
            right=right,
            endpoint=endpoint,
            answers=applied(await self._answers(left, right), rules),
            requests=await self._requests(left, right),
            rules=rules,
        )

    async def _answers(self, left: LogDetail, right: LogDetail) -> dict[str, Any]:
        before, after = answer_of(left), answer_of(right)
        evidence = await self._evidence(left, right)
        answers = (before, after, *evidence.earlier, *evidence.replays)
        try:
            made = await self._helpers.do(
                OutcomeKind.COMPARISON,
                right.item.service_id,
                compared_answers,
                before,
                after,
                evidence,
                self._work_limit,
                EARLIER_ANSWERS,
                is_little=_are_little([(one.body, one.headers) for one in answers]),
            )
        except Unworked as error:
            return without_bodies(
                before, after, f"the bodies are not compared: {error}"
            )
        return made.shown

    async def _requests(self, left: LogDetail, right: LogDetail) -> dict[str, Any]:
        kept = [(one.request_body, one.request_headers) for one in (left, right)]
        try:
            made = await self._helpers.do(
                OutcomeKind.COMPARISON,
                right.item.service_id,
                compared_requests,
                left,
                right,
                self._work_limit,
                is_little=_are_little(kept),
            )
        except Unworked as error:
            note = f"the bodies are not compared: {error}"
            return without_bodies(request_of(left), request_of(right), note)
        return made.shown

    async def _evidence(self, left: LogDetail, right: LogDetail) -> Evidence:
        """Other answers of both, neither of the two among them.

        Where both are of one kind, others like the left one are enough: what the right
        one alone has is what is looked for.
        """
        both = {left.item.id, right.item.id}
        others = await self._others(left, both)
        if await self._kind(left) == await self._kind(right):
            return Evidence(others)
        return Evidence(others, await self._others(right, both))

    async def _kind(self, detail: LogDetail) -> tuple[Any, ...]:
        item = detail.item
        endpoint = await self._stores.replays.endpoint_of(item.id)
        return item.service_id, item.method, endpoint, item.status_code

    async def _others(
        self, detail: LogDetail, but: set[UUID]
    ) -> Sequence[RecordedAnswer]:
        most = MOST_EARLIER + len(but)
        ids = await self._stores.replays.earlier_like(detail.item, most=most)
        wanted = [id for id in ids if id not in but][:MOST_EARLIER]
        found = [await self._stores.logs.get(id) for id in wanted]
        return [answer_of(one) for one in found if one is not None]


def _are_little(kept: Sequence[Kept]) -> bool:
    return are_little(kept, most_bytes=COMPARED_BYTES, most_marks=COMPARED_MARKS)
