"""What one exchange's time went to: the upstream, the client, or the proxy."""

from dataclasses import dataclass

from monitor.exchange import Timings


@dataclass(slots=True, kw_only=True)
class Stopwatch:
    """Told what happens when it does; times are of time.perf_counter().

    It is the proxy's turn from *turn* until it asks, and from *answer_read* until the
    answer's head is written.
    """

    began: float
    turn: float
    connect_s: float | None = None
    tls_s: float | None = None
    own_s: float | None = None
    answer_began: float | None = None
    answer_read: float | None = None

    def connected(self, connect_s: float, tls_s: float | None) -> None:
        """A connection was made, which the proxy waited for."""
        self.connect_s, self.tls_s = connect_s, tls_s
        self.turn += connect_s + (tls_s or 0)

    def asked(self, at: float) -> None:
        """The request's head is on its way."""
        self.own_s = (self.own_s or 0) + max(at - self.turn, 0)

    def failed(self, at: float) -> None:
        """What was asked came to nothing; it will be asked again."""
        self.turn = at

    def timings(self, head_sent: float) -> Timings:
        """*head_sent*: when the answer's head was, or is about to be, written."""
        own = self.own_s
        if own is not None and self.answer_read is not None:
            own += max(head_sent - self.answer_read, 0)
        began = self.answer_began
        return Timings(
            connect_ms=_ms(self.connect_s),
            tls_ms=_ms(self.tls_s),
            ttfb_ms=None if began is None else _ms(began - self.began),
            overhead_ms=_ms(own),
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else max(seconds, 0) * 1000
