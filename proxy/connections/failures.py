"""Failures of upstreams: a connection that cannot be made, and one that was lost."""

import asyncio
import ssl

from monitor.traffic.exchange import Failure, FailureCode
from proxy.connections.upstream_state import AWAITING, HEAD, UpstreamState


class Broken(Exception):
    """The upstream did not do its part; *failure* says how."""

    def __init__(self, code: FailureCode, text: str) -> None:
        super().__init__(text)
        self.failure = Failure(code, text)


class Loss:
    """How a connection was lost: by *error*, or by its end."""

    __slots__ = ("_error", "_is_tls_pending")

    def __init__(
        self, error: Exception | None, transport: asyncio.Transport | None
    ) -> None:
        self._error = error
        self._is_tls_pending = transport is not None and _lacks_ticket(transport)

    def is_end(self, *, is_sent: bool) -> bool:
        """Whether it may be the end of a body that has no other.

        Who resets what it did not want to read says nothing about its answer's end.
        """
        error = self._error
        return error is None or (isinstance(error, OSError) and not is_sent)

    def failure(self, state: UpstreamState, *, was_used: bool) -> Failure:
        """Of the exchange that had come to *state*."""
        error = self._error
        if error is not None and not isinstance(error, OSError):
            return Failure(FailureCode.INTERNAL, "the proxy failed")
        if state is AWAITING and not was_used:
            # In TLS 1.3 ours is done before the other side has judged it, as where it
            # wants a certificate of us. It says so, or only closes.
            if isinstance(error, ssl.SSLError):
                text = f"it ended TLS without an answer: {error.reason or 'no TLS'}"
                return Failure(FailureCode.TLS, text)
            if self._is_tls_pending:
                text = "it closed before its side of the TLS handshake was done"
                return Failure(FailureCode.TLS, text)
        return Failure(FailureCode.UPSTREAM_RESET, _where(state))


def _where(state: UpstreamState) -> str:
    if state is AWAITING:
        return "it closed the connection without an answer"
    if state is HEAD:
        return "it closed the connection within its head"
    return "it closed the connection before the end of its body"


def _lacks_ticket(transport: asyncio.Transport) -> bool:
    """Whether a server of TLS 1.3 has not sent what it does once all is well."""
    tls = transport.get_extra_info("ssl_object")
    if tls is None or tls.version() != "TLSv1.3":
        return False
    session = tls.session
    return session is not None and not session.has_ticket
