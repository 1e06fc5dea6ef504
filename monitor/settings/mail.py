"""Mail: where messages of channels are handed over."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr, model_validator

from monitor.settings.declaring import Theme, setting

PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """*is_tls*: from the first byte on; else as soon as the server offers it."""

    host: str
    port: int
    is_tls: bool
    username: str | None
    password: str | None
    sender: str


def mail_server(url: str, sender: str) -> MailServer:
    """Of `smtp://user:password@host:587`. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("must be smtp://host:port or smtps://host:port")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must have no path, query or fragment")
    return MailServer(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        is_tls=parts.scheme == "smtps",
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        sender=sender,
    )


class Mail(Theme):
    """Mail of channels"""

    smtp_url: SecretStr | None = setting(
        None,
        "The server that takes mails of channels: smtp://user:password@host:587, with "
        "TLS where it offers that, or smtps://host:465. Set it to be told by e-mail; "
        "without it channels of that kind are refused.",
    )
    smtp_from: str | None = setting(
        None, "Who these mails are from. Set it with SMTP_URL."
    )

    @model_validator(mode="after")
    def _can_mail(self) -> Self:
        if self.mail_server is None and self.smtp_from:
            raise ValueError("SMTP_FROM goes with SMTP_URL")
        return self

    @property
    def mail_server(self) -> MailServer | None:
        """None where there is none. Raises ValueError."""
        if self.smtp_url is None or not self.smtp_url.get_secret_value():
            return None
        if not self.smtp_from or "@" not in self.smtp_from:
            raise ValueError("SMTP_FROM must be an address where SMTP_URL is set")
        try:
            return mail_server(self.smtp_url.get_secret_value(), self.smtp_from)
        except ValueError as error:
            raise ValueError(f"SMTP_URL {error}") from None
