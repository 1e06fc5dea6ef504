"""How a finished exchange is handed over: redacted, then in the spool."""

import logging

from monitor.codec import encode
from monitor.counters import Counters
from monitor.exchange import Exchange
from monitor.redaction import Redaction
from monitor.registry import Service
from monitor.spool import Spool, SpoolFull

logger = logging.getLogger(__name__)


class Recording:
    """Called with each exchange that ends; never raises, never waits for PostgreSQL."""

    def __init__(
        self, *, spool: Spool, redaction: Redaction, counters: Counters
    ) -> None:
        self._spool = spool
        self._redaction = redaction
        self._counters = counters
        self._is_failing = False

    def __call__(self, exchange: Exchange, service: Service) -> bool:
        """Whether *exchange* is in the spool; if not, it is counted with the reason."""
        redacted = self._redaction.apply(exchange, service.redact_fields)
        try:
            self._spool.append(encode(redacted))
        except SpoolFull:
            return self._drop("spool_full")
        except OSError:
            return self._drop("spool_error")
        self._counters.spooled.inc()
        if self._is_failing:
            self._is_failing = False
            logger.info("the spool takes records again")
        return True

    def _drop(self, reason: str) -> bool:
        self._counters.dropped.labels(reason).inc()
        if not self._is_failing:
            self._is_failing = True
            logger.error("records are dropped", extra={"reason": reason})
        return False
