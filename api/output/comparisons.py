"""Comparisons of replays: their answers beside the original ones, kept with them."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from api.output.replayed import AnswerBody, answer_body, raw_answer_body
from api.parts import Parts
from monitor.compare.answers import RecordedAnswer, answer_of, without_bodies
from monitor.compare.evidence import Evidence, Varying, compared_answers, varying
from monitor.compare.rules import ComparisonRule, applied
from monitor.errors import Unavailable
from monitor.logs.log import LogDetail
from monitor.offload.little import COMPARED_BYTES, COMPARED_MARKS, are_little
from monitor.offload.outcome import OutcomeKind, Unworked
from monitor.replay.replay import Replay

logger = logging.getLogger(__name__)

# Two are the least that can differ from each other; the original is one of them.
EARLIER = 3
# What content can bring a comparison to, whatever bounds it has.
INCOMPARABLE = (
    ArithmeticError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Comparisons:
    """Made by a helper process where they are more than little."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def compared(
        self, replay: Replay, detail: LogDetail, right: RecordedAnswer
    ) -> Replay:
        """*replay* is stored already: what was sent is known whatever comes of this."""
        try:
            found = await self._comparison(detail, right, replay.replay_log_id)
            comparison = applied(found, await self._rules(detail))
            replay = replace(replay, comparison=comparison, comparison_problem=None)
        except INCOMPARABLE as error:
            logger.exception("a replay was not compared")
            problem = f"the answers could not be compared ({type(error).__name__})"
            replay = replace(replay, comparison_problem=problem)
        try:
            await self._parts.stores.replays.complete(replay)
        except Unavailable:
            logger.warning("a comparison is not stored: PostgreSQL is away")
        return replay

    async def body(self, right: RecordedAnswer, detail: LogDetail) -> AnswerBody:
        try:
            return await self._parts.helpers.do(
                OutcomeKind.DETAIL,
                detail.item.service_id,
                answer_body,
                right,
                is_little=are_little([(right.body, right.headers)]),
            )
        except Unworked as error:
            return raw_answer_body(right, str(error))

    async def varying(
        self, service_id: UUID, answers: Sequence[RecordedAnswer]
    ) -> Varying | None:
        """None where that would be too much work."""
        try:
            return await self._parts.helpers.do(
                OutcomeKind.COMPARISON,
                service_id,
                varying,
                answers,
                self._parts.settings.work_limit,
                is_little=_are_little(answers),
            )
        except Unworked:
            return None

    async def _comparison(
        self, detail: LogDetail, right: RecordedAnswer, own: UUID | None
    ) -> dict[str, Any]:
        """Where the bodies cannot be worked on, all else is compared."""
        left, evidence = answer_of(detail), await self._evidence(detail, own)
        answers = (left, right, *evidence.earlier, *evidence.replays)
        try:
            made = await self._parts.helpers.do(
                OutcomeKind.COMPARISON,
                detail.item.service_id,
                compared_answers,
                left,
                right,
                evidence,
                self._parts.settings.work_limit,
                is_little=_are_little(answers),
            )
        except Unworked as error:
            return without_bodies(left, right, f"the bodies are not compared: {error}")
        return made.shown

    async def _rules(self, detail: LogDetail) -> Sequence[ComparisonRule]:
        stores = self._parts.stores
        try:
            endpoint = await stores.replays.endpoint_of(detail.item.id)
            return await stores.comparison_rules.of(detail.item.service_id, endpoint)
        except Unavailable:
            return ()

    async def _evidence(self, detail: LogDetail, own: UUID | None) -> Evidence:
        """Without it the comparison stands, with less marked as volatile."""
        replays = self._parts.stores.replays
        try:
            earlier = await replays.earlier_like(detail.item, most=EARLIER)
            again = await replays.logs_of(detail.item.id, most=EARLIER, but=own)
            return Evidence(await self._answers(earlier), await self._answers(again))
        except Unavailable:
            return Evidence()

    async def _answers(self, ids: Sequence[UUID]) -> Sequence[RecordedAnswer]:
        found = [await self._parts.stores.logs.get(id) for id in ids]
        return [answer_of(detail) for detail in found if detail is not None]


def _are_little(answers: Sequence[RecordedAnswer]) -> bool:
    return are_little(
        ((one.body, one.headers) for one in answers),
        most_bytes=COMPARED_BYTES,
        most_marks=COMPARED_MARKS,
    )
