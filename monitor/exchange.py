"""What one request and what became of it looks like, from the wire to the row."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from monitor.ids import timestamp_of
from monitor.messages import Messages

# Field lines in wire order, repeats and letter case kept; bytes as latin-1, which
# loses nothing (RFC 9110 5.5 calls bytes >= 0x80 opaque).
Fields = tuple[tuple[str, str], ...]


class SharedFields(tuple[tuple[str, str], ...]):
    """Fields that exchanges of one connection have in common.

    What was made of them is remembered with them: by whom, for what, and the result.
    """

    masked: "tuple[object, object, Fields | HeaderObject] | None" = None
    packed: bytes | None = None


# Ingested header fields stay the JSON object that the client pushed.
HeaderObject = dict[str, Any]


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
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_RESET = "upstream_reset"
    UPSTREAM_MALFORMED = "upstream_malformed"
    CLIENT_DISCONNECT = "client_disconnect"
    CLIENT_TIMEOUT = "client_timeout"
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
        return self is BodyState.WITHHELD or self is BodyState.SHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The first bytes of a body as they passed, content coding included."""

    kept: bytes
    size: int
    state: BodyState = BodyState.KEPT

    @property
    def truncated(self) -> bool:
        return self.state is BodyState.KEPT and self.size > len(self.kept)


EMPTY_BODY = Body(kept=b"", size=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Parts of an exchange's time; None is what did not happen, or was not seen.

    *connect_ms* (the name's lookup included) and *tls_ms* are None where a kept
    connection was used. *ttfb_ms*: from the first byte of the request to the first of
    the response's head. *overhead_ms*: what the proxy itself added, see
    docs/timings.md.
    """

    connect_ms: float | None = None
    tls_ms: float | None = None
    ttfb_ms: float | None = None
    overhead_ms: float | None = None


NO_TIMINGS = Timings()


# Not frozen, for that takes most of the time of making one.
@dataclass(slots=True, kw_only=True)
class Exchange:
    """A finished exchange. Never changed: redaction makes another one.

    *id* is a UUIDv7 that carries the time the exchange began. *latency_ms* is from the
    first byte of the request to the last of the response. Sizes are body bytes as they
    passed, without framing, None where the exchange was ingested.
    """

    id: UUID
    service_id: UUID
    source: Source
    method: str
    url: str
    path: str
    client_url: str | None = None
    query_params: dict[str, Any] = field(default_factory=dict)
    status_code: int | None = None
    latency_ms: float | None = None
    duration_ms: float | None = None
    error: str | None = None
    source_ip: str | None = None
    tags: tuple[str, ...] = ()
    request_headers: Fields | HeaderObject = ()
    response_headers: Fields | HeaderObject = ()
    request_body: Body | None = None
    response_body: Body | None = None
    request_size: int | None = None
    response_size: int | None = None
    replay_of: UUID | None = None
    timings: Timings = NO_TIMINGS
    messages: Messages | None = None

    @property
    def started_at(self) -> datetime:
        return timestamp_of(self.id)
