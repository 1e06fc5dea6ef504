"""Sessions of those who signed in, and the tokens of their forms."""

import hmac
import os
import time
from base64 import urlsafe_b64encode

from monitor.access.ended_sessions import EndedSessions
from monitor.errors import Forbidden

SESSION_COOKIE = "apimonitor_session"


class Sessions:
    """Signed, not stored; only which were ended before their time is kept.

    Bound to the password: a changed one ends all sessions.
    """

    def __init__(
        self, *, secret: bytes, password: bytes, session_s: float, ended: EndedSessions
    ) -> None:
        # Two keys, because a form's token is shown to anyone and must not pass for a
        # session's signature.
        signed = b"session" + password + ended.epoch.encode()
        self._session_key = hmac.digest(secret, signed, "sha256")
        self._form_key = hmac.digest(secret, b"form" + password, "sha256")
        self._session_s = session_s
        self._ended = ended

    def begin(self) -> str:
        """A session cookie's value."""
        until = int(time.time() + self._session_s)
        nonce = os.urandom(12).hex()
        signed = f"{until}.{nonce}"
        return f"{signed}.{_signature(self._session_key, signed)}"

    def holds(self, cookie: str | None) -> bool:
        """Whether *cookie* is a session of ours that has neither run out nor ended."""
        signed, _, signature = (cookie or "").rpartition(".")
        expected = _signature(self._session_key, signed).encode()
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), expected):
            return False
        until, _, nonce = signed.partition(".")
        return int(until) > time.time() and not self._ended.holds(nonce, int(until))

    def end(self, cookie: str | None) -> None:
        """Refuse it from now on, wherever it was copied to; no session: nothing.

        Waits for the disk. Raises OSError where that takes nothing; the session is
        ended all the same, until the next start.
        """
        if cookie is not None and self.holds(cookie):
            until, nonce, _ = cookie.split(".")
            self._ended.add(nonce, int(until))

    def form_token(self, cookie: str | None, of: str = "") -> str:
        """What a form of our own pages carries; bound to the session.

        *of*: what else the form carries that nobody may have changed.
        """
        session = cookie or ""
        return _signature(self._form_key, f"{len(session)}.{session}{of}")

    def check_form_token(self, cookie: str | None, token: str, *, of: str = "") -> None:
        """Raises Forbidden."""
        expected = self.form_token(cookie, of).encode()
        if not hmac.compare_digest(token.encode("utf-8", "replace"), expected):
            raise Forbidden("the form is out of date; load the page again")


def _signature(key: bytes, text: str) -> str:
    digest = hmac.digest(key, text.encode("utf-8", "replace"), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")
