"""The exchange: one request and what became of it, from the wire to the row."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from monitor.traffic.arrival import Arrival
from monitor.traffic.fields import Headers
from monitor.traffic.ids import bytes_of, timestamp_of
from monitor.traffic.message import LIMITED, Messages


class Source(StrEnum):
    PROXY = "proxy"
    INGEST = "ingest"
    REPLAY = "replay"


class FailureCode(StrEnum):
    """Why an exchange did not finish. A closed set: it is data, not an exception."""

    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    DNS = "dns"
    TLS = "tls"
    NO_DESCRIPTORS = "no_descriptors"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_RESET = "upstream_reset"
    UPSTREAM_MALFORMED = "upstream_malformed"
    CLIENT_DISCONNECT = "client_disconnect"
    CLIENT_TIMEOUT = "client_timeout"
    TUNNEL_TIMEOUT = "tunnel_timeout"
    CLIENT_MALFORMED = "client_malformed"
    LOOP = "loop"
    SHUTDOWN = "shutdown"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Failure:
    code: FailureCode
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


class BodyState(StrEnum):
    """What became of a body's bytes."""

    KEPT = "kept"
    # Decoded, masked and written anew: no longer the bytes that passed.
    REDACTED = "redacted"
    # A field rule applies, and the body could not be decoded and parsed whole.
    WITHHELD = "withheld"
    # Not kept, because the spool was filling while PostgreSQL was away.
    SHED = "shed"

    @property
    def is_absent(self) -> bool:
        """Whether nothing was kept of a body that was there."""
        return self is WITHHELD or self is SHED


# A member is found faster by a name of its own.
PROXY: Final = Source.PROXY
KEPT: Final = BodyState.KEPT
REDACTED: Final = BodyState.REDACTED
WITHHELD: Final = BodyState.WITHHELD
SHED: Final = BodyState.SHED


# Each exchange makes some of the following. That their making is written out, and that
# they are not frozen, saves most of its time; they are never changed all the same.


@dataclass(init=False, slots=True, unsafe_hash=True)
class Body:
    """The first bytes of a body as they passed, content coding included.

    *is_limited*: it is withheld because to mask it would have been too much work.
    *is_cut*: of what is redacted, that there was more of it.
    """

    kept: bytes
    size: int
    state: BodyState
    is_limited: bool
    is_cut: bool

    def __init__(
        self,
        *,
        kept: bytes,
        size: int,
        state: BodyState = KEPT,
        is_limited: bool = False,
        is_cut: bool = False,
    ) -> None:
        self.kept = kept
        self.size = size
        self.state = state
        self.is_limited = is_limited
        self.is_cut = is_cut

    @property
    def truncated(self) -> bool:
        return self.is_cut or (self.state is KEPT and self.size > len(self.kept))

    @property
    def written_state(self) -> str:
        return LIMITED if self.is_limited else self.state.value


def read_state(written: str) -> tuple[BodyState, bool]:
    """The state, and whether it *is_limited*."""
    is_limited = written == LIMITED
    return WITHHELD if is_limited else BodyState(written), is_limited


@dataclass(init=False, slots=True, unsafe_hash=True)
class Timings:
    """Parts of an exchange's time; None is what did not happen, or was not seen.

    *connect_ms* (the name's lookup included) and *tls_ms* are None where a kept
    connection was used. *ttfb_ms*: from the first byte of the request to the first of
    the response's head. *overhead_ms*: what the proxy itself added, see
    docs/timings.md.
    """

    connect_ms: float | None
    tls_ms: float | None
    ttfb_ms: float | None
    overhead_ms: float | None

    def __init__(
        self,
        *,
        connect_ms: float | None = None,
        tls_ms: float | None = None,
        ttfb_ms: float | None = None,
        overhead_ms: float | None = None,
    ) -> None:
        self.connect_ms = connect_ms
        self.tls_ms = tls_ms
        self.ttfb_ms = ttfb_ms
        self.overhead_ms = overhead_ms


NO_TIMINGS: Final = Timings()


@dataclass(init=False, slots=True)
class Exchange:
    """A finished exchange. Never changed: redaction makes another one.

    *id* is a UUIDv7 that carries the time the exchange began. *latency_ms* is from the
    first byte of the request to the last of the response. Sizes are body bytes as they
    passed, without framing, None where the exchange was ingested. *arrival* is set
    where it was handed over late.
    """

    id: UUID
    service_id: UUID
    source: Source
    method: str
    url: str
    path: str
    client_url: str | None
    query_params: dict[str, Any]
    status_code: int | None
    latency_ms: float | None
    duration_ms: float | None
    error: str | None
    source_ip: str | None
    tags: tuple[str, ...]
    request_headers: Headers
    response_headers: Headers
    request_body: Body | None
    response_body: Body | None
    request_size: int | None
    response_size: int | None
    replay_of: UUID | None
    timings: Timings
    messages: Messages | None
    arrival: Arrival | None

    def __init__(
        self,
        *,
        id: UUID,
        service_id: UUID,
        source: Source,
        method: str,
        url: str,
        path: str,
        client_url: str | None = None,
        query_params: dict[str, Any] | None = None,
        status_code: int | None = None,
        latency_ms: float | None = None,
        duration_ms: float | None = None,
        error: str | None = None,
        source_ip: str | None = None,
        tags: tuple[str, ...] = (),
        request_headers: Headers = (),
        response_headers: Headers = (),
        request_body: Body | None = None,
        response_body: Body | None = None,
        request_size: int | None = None,
        response_size: int | None = None,
        replay_of: UUID | None = None,
        timings: Timings = NO_TIMINGS,
        messages: Messages | None = None,
        arrival: Arrival | None = None,
    ) -> None:
        self.id = id
        self.service_id = service_id
        self.source = source
        self.method = method
        self.url = url
        self.path = path
        self.client_url = client_url
        self.query_params = {} if query_params is None else query_params
        self.status_code = status_code
        self.latency_ms = latency_ms
        self.duration_ms = duration_ms
        self.error = error
        self.source_ip = source_ip
        self.tags = tags
        self.request_headers = request_headers
        self.response_headers = response_headers
        self.request_body = request_body
        self.response_body = response_body
        self.request_size = request_size
        self.response_size = response_size
        self.replay_of = replay_of
        self.timings = timings
        self.messages = messages
        self.arrival = arrival

    @property
    def key(self) -> bytes:
        """Its id as bytes."""
        return bytes_of(self.id)

    @property
    def started_at(self) -> datetime:
        return timestamp_of(self.id)
