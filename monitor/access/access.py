"""The rules of who may come in: open to all who reach the app, or closed."""

import hashlib
import hmac

from monitor.access.attempts import Attempts
from monitor.access.ended_sessions import EndedSessions
from monitor.access.guard import Guard
from monitor.access.sessions import Sessions
from monitor.errors import TooManyRequests, Unauthorized
from monitor.settings import Settings


class Access:
    """The rules of one appliance."""

    def __init__(
        self, *, settings: Settings, secret: bytes, ended: EndedSessions | None = None
    ) -> None:
        password = settings.admin_password
        self.is_open = not settings.is_closed
        self._password = password.get_secret_value().encode() if password else b""
        self.guard = Guard(settings.allowed_hosts)
        self._attempts = Attempts()
        self.sessions = Sessions(
            secret=secret,
            password=self._password,
            session_s=settings.session_hours * 3600,
            ended=ended or EndedSessions(),
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
        return self.sessions.begin()
