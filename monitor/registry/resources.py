"""Services, keys and tokens, as they are shown to those who manage them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from monitor.registry.service_fields import declared_in, said
from monitor.registry.table import ForwardedHeaders


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceResource:
    """A service. What *said* is said of may be set; the proxy has a copy of some.

    A new field is declared here, and has a column, of the same default, from a
    migration; where the proxy has to know it, Service in monitor.registry.table has it
    too. All else is derived (monitor.registry.service_fields).
    """

    id: UUID
    slug: str
    name: str = field(
        metadata=said(
            label="Name",
            hint="Unique. Its slug becomes the host label and the path prefix.",
            placeholder="payments-api",
            is_at_hand=True,
        )
    )
    base_url: str | None = field(
        default=None,
        metadata=said(
            label="Base URL",
            hint="Where the proxy sends its traffic. A Unix socket: "
            "http://unix:/run/app.sock:/base/path. Empty: logs can be pushed, "
            "nothing is proxied.",
            placeholder="https://payments.internal/v2",
            is_at_hand=True,
        ),
    )
    preserve_host: bool = field(
        default=False,
        metadata=said(
            label="Keep the client's Host",
            hint="Host goes upstream as the client sent it, not as the base URL's: for "
            "apps that compare Origin with Host, signed requests, WebDAV and "
            "registries.",
            note="Host goes upstream as the client sent it, not as the base_url's: for "
            "a loopback or private base_url whose app compares Origin with Host",
            is_at_hand=True,
        ),
    )
    description: str | None = field(
        default=None,
        metadata=said(label="Description", maximum=512, is_long=True, is_at_hand=True),
    )
    hosts: tuple[str, ...] = field(
        default=(),
        metadata=said(
            label="Own hosts",
            hint="One a line, without a port: requests with this Host are for this "
            "service.",
            maximum=64,
            has_column=False,
        ),
    )
    redact_fields: tuple[str, ...] = field(
        default=(),
        metadata=said(
            label="Mask in addition",
            hint="One a line: $.card.number, $..password, or the name of a query "
            "parameter.",
            maximum=64,
        ),
    )
    timeout_s: float = field(
        default=60,
        metadata=said(
            label="Timeout, seconds",
            hint="Of the connect, and of each silence of the upstream.",
            above=0,
            maximum=3600,
        ),
    )
    body_limit: int | None = field(
        default=None,
        metadata=said(
            label="Bytes kept of a body",
            hint="What is longer is truncated, and its true size is counted.",
            minimum=0,
            maximum=64 * 1024 * 1024,
            falls_back_to="CAPTURE_BODY_LIMIT",
        ),
    )
    retention_days: int | None = field(
        default=None,
        metadata=said(
            label="Days logs are kept",
            hint="Pinned ones stay.",
            minimum=1,
            maximum=3650,
            falls_back_to="RETENTION_DAYS",
        ),
    )
    body_retention_days: int | None = field(
        default=None,
        metadata=said(
            label="Days bodies are kept",
            hint="Then logs stay without them.",
            minimum=0,
            maximum=3650,
            falls_back_to="BODY_RETENTION_DAYS",
        ),
    )
    apdex_t_ms: int | None = field(
        default=None,
        metadata=said(
            label="Apdex T, milliseconds",
            hint="Answers up to so long are satisfying.",
            note="Answers up to so long are satisfying, up to four times so long "
            "bearable",
            minimum=1,
            maximum=3_600_000,
            falls_back_to="APDEX_T_MS",
        ),
    )
    is_recording: bool = field(
        default=True,
        metadata=said(
            label="Record traffic", hint="Off: requests pass and leave no log."
        ),
    )
    forwarded_headers: ForwardedHeaders = field(
        default=ForwardedHeaders.ADD,
        metadata=said(
            label="X-Forwarded-* and Forwarded",
            hint="They say http to the upstream. One that forces https then redirects "
            "for ever: keep behind a proxy that ends TLS, else none.",
            choices=(
                ("add", "add where the request came in"),
                ("keep", "keep what a trusted proxy said"),
                ("none", "none"),
            ),
        ),
    )
    verify_tls: bool = field(
        default=True,
        metadata=said(
            label="Verify the upstream's certificate",
            hint="Off: any certificate is taken. Better: its authority in "
            "SSL_CERT_FILE.",
        ),
    )
    expose_log_id: bool = field(
        default=True,
        metadata=said(
            label="Show X-Monitor-Log-Id", hint="The id of the log, on each response."
        ),
    )
    created_at: datetime
    updated_at: datetime


SERVICE_FIELDS = declared_in(ServiceResource)


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
