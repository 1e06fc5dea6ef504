"""Stopwatches: what an exchange's time went to: upstream, client, or proxy."""

from monitor.traffic.exchange import Timings


class Stopwatch:
    """Told what happens when it does; times are of time.perf_counter().

    It is the proxy's turn from *turn* until it asks, and from *answer_read* until the
    answer's head is written.
    """

    __slots__ = (
        "answer_began",
        "answer_read",
        "began",
        "connect_s",
        "own_s",
        "tls_s",
        "turn",
    )

    def __init__(self, *, began: float, turn: float) -> None:
        self.began = began
        self.turn = turn
        self.connect_s: float | None = None
        self.tls_s: float | None = None
        self.own_s: float | None = None
        self.answer_began: float | None = None
        self.answer_read: float | None = None

    def answered(self, began: float, read: float) -> None:
        """The answer's head began to come, and was whole."""
        self.answer_began, self.answer_read = began, read

    def connected(self, connect_s: float, tls_s: float | None) -> None:
        """A connection was made, which the proxy waited for."""
        self.connect_s, self.tls_s = connect_s, tls_s
        self.turn += connect_s + (tls_s or 0)

    def asked(self, at: float) -> None:
        """The request's head is on its way."""
        own = max(at - self.turn, 0.0)
        self.own_s = own if self.own_s is None else self.own_s + own

    def failed(self, at: float) -> None:
        """What was asked came to nothing; it will be asked again."""
        self.turn = at

    def timings(self, head_sent: float) -> Timings:
        """*head_sent*: when the answer's head was, or is about to be, written."""
        own = self.own_s
        if own is not None and self.answer_read is not None:
            own += max(head_sent - self.answer_read, 0.0)
        began = self.answer_began
        return Timings(
            connect_ms=_ms(self.connect_s),
            tls_ms=_ms(self.tls_s),
            ttfb_ms=None if began is None else _ms(began - self.began),
            overhead_ms=_ms(own),
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else max(seconds, 0.0) * 1000
