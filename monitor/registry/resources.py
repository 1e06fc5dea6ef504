"""Services, keys and tokens, as they are shown to those who manage them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from monitor.registry.table import ForwardedHeaders


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceResource:
    id: UUID
    name: str
    slug: str
    description: str | None
    base_url: str | None
    hosts: tuple[str, ...]
    preserve_host: bool
    forwarded_headers: ForwardedHeaders
    verify_tls: bool
    body_limit: int | None
    retention_days: int | None
    body_retention_days: int | None
    redact_fields: tuple[str, ...]
    timeout_s: float
    is_recording: bool
    expose_log_id: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyResource:
    """An API key without its secret; *raw_key* is set in the answer that makes it."""

    id: UUID
    service_id: UUID
    name: str
    key_prefix: str
    is_active: bool
    created_at: datetime
    last_used_at: datetime | None = None
    raw_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResource:
    """An admin token without its secret; *raw_token* is set where it is made.

    *token_prefix* is None of one that is older than the column.
    """

    id: UUID
    name: str
    token_prefix: str | None
    read_only: bool
    is_active: bool
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    raw_token: str | None = field(default=None, repr=False)
