"""A log that was stored just now, without a look at PostgreSQL."""

from dataclasses import dataclass
from uuid import UUID

from monitor.logs.log import LogDetail, LogItem, StoredBody
from monitor.traffic.exchange import Body, Exchange
from monitor.traffic.fields import plain

NO_BODY = StoredBody(content=None, is_plain=True)


@dataclass(frozen=True, slots=True)
class Pushed:
    """One that was pushed, and not of an archive; of the service of that name."""

    exchange: Exchange
    service_name: str

    @property
    def id(self) -> UUID:
        return self.exchange.id


def detail_of(stored: Pushed) -> LogDetail:
    """As it is read back."""
    pushed = stored.exchange
    return LogDetail(
        item=LogItem(
            id=pushed.id,
            service_id=pushed.service_id,
            service_name=stored.service_name,
            source=pushed.source,
            timestamp=pushed.started_at,
            method=pushed.method,
            url=pushed.url,
            path=pushed.path,
            query_params=pushed.query_params,
            status_code=pushed.status_code,
            latency_ms=pushed.latency_ms,
            error=pushed.error,
            source_ip=pushed.source_ip,
            tags=pushed.tags,
            request_size=pushed.request_size,
            response_size=pushed.response_size,
        ),
        client_url=pushed.client_url,
        duration_ms=pushed.duration_ms,
        replay_of=pushed.replay_of,
        request_headers=plain(pushed.request_headers),
        response_headers=plain(pushed.response_headers),
        request_body=_stored(pushed.request_body),
        response_body=_stored(pushed.response_body),
        timings=pushed.timings,
    )


def _stored(body: Body | None) -> StoredBody:
    if body is None:
        return NO_BODY
    is_absent = body.state.is_absent
    return StoredBody(
        content=None if is_absent else body.kept,
        truncated=not is_absent and body.truncated,
        state=body.state,
        is_limited=body.is_limited,
        is_plain=True,
    )
