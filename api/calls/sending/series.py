"""The calls that send one request many times, and say how the answers spread."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from aiohttp import web

from api.calls.replays import ReplayCalls
from api.calls.sending import turns
from api.calls.sending.fresh import RequestCalls
from api.calls.sending.spread import SentOne, spread
from api.calls.sending.turns import Often
from api.input.errors import answer
from api.input.replay_schemas import NewRequestSeries, NewSeries
from api.output.comparisons import Comparisons
from api.parts import Parts


class SeriesCalls:
    def __init__(self, parts: Parts) -> None:
        self._settings = parts.settings
        self._replays = ReplayCalls(parts)
        self._requests = RequestCalls(parts)
        self._comparisons = Comparisons(parts)

    async def of_log(self, request: web.Request) -> web.Response:
        """201, each that was sent, and what the answers come to together."""
        prepared, new = await self._replays.prepared(request, NewSeries)

        async def one() -> SentOne:
            replay, received = await self._replays.one(prepared, of_series=True)
            log_id = replay.replay_log_id
            return SentOne(
                ids={"id": replay.id, "replay_log_id": log_id},
                as_sample={"replay_id": replay.id, "replay_log_id": log_id},
                answer=received.answer,
                error=received.error,
            )

        return await self._sent(new, one, service_id=prepared.detail.item.service_id)

    async def from_scratch(self, request: web.Request) -> web.Response:
        """201, the same of a request that is no log's."""
        prepared, new = await self._requests.prepared(request, NewRequestSeries)

        async def one() -> SentOne:
            received = await self._requests.one(prepared)
            ids = {"log_id": received.log_id}
            return SentOne(
                ids=ids, as_sample=ids, answer=received.answer, error=received.error
            )

        return await self._sent(new, one, service_id=prepared.service.id)

    async def _sent(
        self, asked: Often, one: Callable[[], Awaitable[SentOne]], *, service_id: UUID
    ) -> web.Response:
        """So often, within the bounds."""
        turns.check(asked, self._settings)
        found = await turns.sent(asked, self._settings, one)
        made = await spread(found, asked, self._comparisons, service_id=service_id)
        return answer(made, status=201)
