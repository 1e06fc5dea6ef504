"""Answers about exchanges that are open."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime

from api.document.answers.logs import Message, RawHeaders
from api.document.answers.shown import Count, Headers, Milliseconds, Shown
from monitor.in_flight.open_exchange import Phase
from monitor.traffic.exchange import Source
from monitor.traffic.message import Medium


class OpenExchange(Shown):
    """`id` is that of the log that it becomes. Sizes are of what passed until now;
    `message_count` is null but for a WebSocket or an event stream, which `medium` says.
    """

    id: UUID
    service_id: UUID
    service_name: str | None
    source: Source
    timestamp: AwareDatetime
    age_ms: Milliseconds
    phase: Phase
    method: str
    url: str
    path: str
    query_params: dict[str, Any]
    status_code: int | None
    source_ip: str | None
    request_size: Count
    response_size: Count
    medium: Medium | None
    message_count: Count | None
    replay_of: UUID | None


class OpenExchangeDetail(OpenExchange):
    """`messages`: the last that are kept of those that passed until now, up to 50."""

    client_url: str | None
    request_headers: Headers
    request_headers_raw: RawHeaders
    response_headers: Headers
    response_headers_raw: RawHeaders
    messages: list[Message]
    messages_problem: str | None
