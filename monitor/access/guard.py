"""Who may make a call."""

import hashlib
import hmac
import os
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from monitor.access.attempts import Attempts
from monitor.access.ended_sessions import EndedSessions
from monitor.errors import Forbidden, TooManyRequests, Unauthorized
from monitor.files.made_once import made_once
from monitor.settings import Settings, SettingsError

SESSION_COOKIE = "apimonitor_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_SITES = frozenset({"same-origin", "none"})
SECRET_BYTES = 32
# As few as SECRET_KEY may have; below, the file was cut short.
SHORTEST_SECRET = 16
# uri-host [":" port], RFC 9110 7.2; what is looser could hide another name.
HOST = re.compile(
    r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::[0-9]{0,5})?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What the guard asks of a request; header values, None where not sent."""

    method: str
    host: str | None
    origin: str | None = None
    sec_fetch_site: str | None = None
    sec_fetch_mode: str | None = None
    sec_fetch_dest: str | None = None

    @classmethod
    def of(cls, method: str, headers: Mapping[str, str]) -> "RequestFacts":
        """The same of a call and of a page; *headers* are found in any case."""
        return cls(
            method=method,
            host=headers.get("Host"),
            origin=headers.get("Origin"),
            sec_fetch_site=headers.get("Sec-Fetch-Site"),
            sec_fetch_mode=headers.get("Sec-Fetch-Mode"),
            sec_fetch_dest=headers.get("Sec-Fetch-Dest"),
        )


class Access:
    """The rules of one appliance: open to all who reach it, or closed."""

    def __init__(
        self, *, settings: Settings, secret: bytes, ended: EndedSessions | None = None
    ) -> None:
        password = settings.admin_password
        self.is_open = not settings.is_closed
        self._password = password.get_secret_value().encode() if password else b""
        # Bound to the password: a changed one ends all sessions. Two keys, because a
        # form's token is shown to anyone and must not pass for a session's signature.
        self._ended = ended or EndedSessions()
        signed = b"session" + self._password + self._ended.epoch.encode()
        self._session_key = hmac.digest(secret, signed, "sha256")
        self._form_key = hmac.digest(secret, b"form" + self._password, "sha256")
        self._session_s = settings.session_hours * 3600
        self._allowed = frozenset(map(_listed_host, settings.allowed_hosts))
        self._attempts = Attempts()

    def guard(self, facts: RequestFacts) -> None:
        """Refuse what a foreign page could make a browser ask. Raises Forbidden."""
        if not self._is_ours(facts.host):
            raise Forbidden(
                "the app is not known by this Host; add it to ALLOWED_HOSTS"
            )
        if facts.method in SAFE_METHODS:
            if facts.sec_fetch_site == "cross-site" and not _is_navigation(facts):
                raise Forbidden(
                    "a page of another site may not read this; the app's own pages "
                    "are at loopback names and those in ALLOWED_HOSTS"
                )
            return
        if not _is_own_origin(facts):
            raise Forbidden(
                "a page of another origin may not change anything here; if this is "
                "the app's own page, check ALLOWED_HOSTS and what a proxy makes of Host"
            )

    def sign_in(self, password: str, *, peer: str) -> str:
        """A session cookie's value. Raises Unauthorized, TooManyRequests."""
        wait_s = self._attempts.take(peer)
        if wait_s > 0:
            seconds = int(wait_s) + 1
            raise TooManyRequests(
                f"too many attempts to sign in; try again in {seconds} s",
                retry_after_s=seconds,
            )
        given = hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
        wanted = hashlib.sha256(self._password).digest()
        if self.is_open or not hmac.compare_digest(given, wanted):
            raise Unauthorized("the password is wrong")
        self._attempts.succeeded(peer)
        until = int(time.time() + self._session_s)
        nonce = os.urandom(12).hex()
        signed = f"{until}.{nonce}"
        return f"{signed}.{_signature(self._session_key, signed)}"

    def has_session(self, cookie: str | None) -> bool:
        """Whether *cookie* is a session of ours that has neither run out nor ended."""
        signed, _, signature = (cookie or "").rpartition(".")
        expected = _signature(self._session_key, signed).encode()
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), expected):
            return False
        until, _, nonce = signed.partition(".")
        return int(until) > time.time() and not self._ended.holds(nonce, int(until))

    def end_session(self, cookie: str | None) -> None:
        """Refuse it from now on, wherever it was copied to; no session: nothing.

        Waits for the disk. Raises OSError where that takes nothing; the session is
        ended all the same, until the next start.
        """
        if cookie is not None and self.has_session(cookie):
            until, nonce, _ = cookie.split(".")
            self._ended.add(nonce, int(until))

    def form_token(self, cookie: str | None) -> str:
        """What a form of our own pages carries; bound to the session."""
        return _signature(self._form_key, cookie or "")

    def check_form_token(self, cookie: str | None, token: str) -> None:
        """Raises Forbidden."""
        expected = self.form_token(cookie).encode()
        if not hmac.compare_digest(token.encode("utf-8", "replace"), expected):
            raise Forbidden("the form is out of date; load the page again")

    def _is_ours(self, host: str | None) -> bool:
        name = host_name(host or "")
        if name is None:
            return False
        return name in self._allowed or is_loopback_name(name)


def load_secret(settings: Settings) -> bytes:
    """SECRET_KEY, or the one made once and kept in the data directory."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return made_once(
        Path(settings.data_dir) / "secret.key",
        lambda: secrets.token_hex(SECRET_BYTES).encode(),
        is_whole=_is_secret,
        lost="the secret: all sessions end",
    )


def host_name(host: str) -> str | None:
    """The name in a Host, without port and case; None where *host* is none."""
    found = HOST.fullmatch(host.lower())
    if found is None:
        return None
    name = found["name"]
    if not name.startswith("["):
        return name
    try:
        return f"[{IPv6Address(name[1:-1])}]"
    except ValueError:
        return None


def is_loopback_name(name: str) -> bool:
    """`localhost`, a name under it, or a loopback address; without a port."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _listed_host(host: str) -> str:
    """An IPv6 address may be listed without its brackets. Raises SettingsError."""
    name = host_name(host) or host_name(f"[{host}]")
    if name is None:
        raise SettingsError(f"ALLOWED_HOSTS: {host!r} is no host name")
    return name


def _is_own_origin(facts: RequestFacts) -> bool:
    """By Sec-Fetch-Site, else by Origin; a client that sends neither is no browser."""
    if facts.sec_fetch_site is not None:
        return facts.sec_fetch_site in OWN_SITES
    if facts.origin is None:
        return True
    # TLS may end before us, so that the scheme is not compared.
    _, _, authority = facts.origin.partition("://")
    return bool(authority) and authority.lower() == (facts.host or "").lower()


def _is_navigation(facts: RequestFacts) -> bool:
    """At the top level: a frame navigates too, and says so in its destination."""
    is_top = facts.sec_fetch_dest in (None, "document")
    return facts.sec_fetch_mode == "navigate" and is_top


def _signature(key: bytes, text: str) -> str:
    digest = hmac.digest(key, text.encode("utf-8", "replace"), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _is_secret(content: bytes) -> bool:
    """False for what a full disk or a crash left short, too."""
    # Of a crash, all that is left may be zeros.
    return len(content.strip(b"\0")) >= SHORTEST_SECRET
