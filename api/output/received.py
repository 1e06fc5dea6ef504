"""What a request sent from here was answered: masked, like all that is stored."""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

from api.parts import Parts
from monitor.compare.answers import RecordedAnswer, answer_of
from monitor.errors import Unavailable
from monitor.logs.log import LogDetail, StoredBody
from monitor.registry.table import Service
from monitor.replay.sender import Sent
from monitor.traffic.exchange import Exchange, Source
from monitor.traffic.fields import plain

RECORDED_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Received:
    """*log_id* is None where it was not recorded in time."""

    log_id: UUID | None
    answer: RecordedAnswer
    error: str | None


class Reception:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def body_limit(self, service: Service) -> int:
        if service.body_limit is not None:
            return service.body_limit
        return self._parts.settings.capture_body_limit

    async def received(self, sent: Sent, service: Service) -> Received:
        """As it was recorded; where it was not, as it came, masked the same way."""
        recorded = None
        if sent.log_id is not None and service.is_recording:
            recorded = await self._recorded(sent.log_id)
        if recorded is None:
            return Received(None, self._unrecorded(sent, service), sent.error)
        error = sent.error or recorded.item.error
        # What the proxy itself says of a failure is no answer of the upstream.
        found = replace(answer_of(recorded), status_code=sent.status_code)
        return Received(recorded.item.id, found, error)

    async def _recorded(self, id: UUID) -> LogDetail | None:
        """Once the feed tells of it; None where it does not in time."""
        stores = self._parts.stores
        try:
            async with asyncio.timeout(RECORDED_WITHIN_S):
                while True:
                    # Asked for first: what is committed meanwhile is told, too.
                    news = stores.feed.coming()
                    if (detail := await stores.logs.get(id)) is not None:
                        return detail
                    await asyncio.wait([news])
        except (TimeoutError, Unavailable):
            return None

    def _unrecorded(self, sent: Sent, service: Service) -> RecordedAnswer:
        exchange = Exchange(
            id=self._parts.ids.new(),
            service_id=service.id,
            source=Source.REPLAY,
            method="",
            url="",
            path="",
            response_headers=sent.headers,
            response_body=sent.body,
        )
        masked = self._parts.redaction.apply(exchange, service.redact_fields)
        body = masked.response_body
        return RecordedAnswer(
            status_code=sent.status_code,
            headers=plain(masked.response_headers),
            body=StoredBody(
                content=body.kept if body else None,
                truncated=body.truncated if body else False,
                state=body.state if body else StoredBody(content=None).state,
                is_limited=body.is_limited if body else False,
            ),
            latency_ms=sent.latency_ms,
        )
