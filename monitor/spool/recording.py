"""Recording: a finished exchange is redacted, then in the spool."""

import logging
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Final

from monitor.loop.doing import DOING, RECORD
from monitor.record.codec import encode
from monitor.redaction.redaction import Redaction
from monitor.registry.table import Service
from monitor.spool.segments import NOBODY
from monitor.spool.tally import SHED, SPOOLED_BYTES, Tally
from monitor.spool.writer import KEEP_ALL, Spool, SpoolFull, Step
from monitor.traffic.exchange import Body, BodyState, Exchange
from monitor.trouble import Trouble

logger = logging.getLogger(__name__)

SHED_AT: Final = {
    Step.SHED_SUCCESSFUL: f"{SHED}successful",
    Step.SHED_ALL: f"{SHED}all",
}
# What works for so long has settled.
SETTLED_S: Final = 10.0


class DropReason(StrEnum):
    """Why an exchange that ended has no record in the spool.

    RECORDING_OFF is wanted: the service has `is_recording` false.
    """

    RECORDING_OFF = "recording_off"
    SPOOL_FULL = "spool_full"
    SPOOL_ERROR = "spool_error"
    INTERNAL = "internal"


class Recording:
    """Called with each exchange that ends; never raises, never waits for PostgreSQL.

    Each is counted as finished, whatever becomes of it.
    """

    def __init__(self, *, spool: Spool, redaction: Redaction, tally: Tally) -> None:
        self._spool = spool
        self._redaction = redaction
        self._tally = tally
        self._dropping = Trouble(
            "records are dropped",
            "the spool takes records again",
            logger=logger,
            settled_s=SETTLED_S,
        )
        self._shedding = Trouble(
            "the spool fills: bodies are shed",
            "the spool has room: bodies are kept again",
            logger=logger,
            settled_s=SETTLED_S,
            level=logging.WARNING,
        )
        self._broken = Trouble(
            "an exchange could not be made a record",
            "exchanges are made records again",
            logger=logger,
            settled_s=SETTLED_S,
        )
        # Whether one of them is not over.
        self._is_troubled = False

    def __call__(self, make: Callable[[], Exchange], service: Service) -> bool:
        """Whether what *make* gives is in the spool; if not, the reason is counted."""
        before = DOING.turn_to(RECORD)
        try:
            return self._record(make, service)
        finally:
            DOING.turn_to(before)

    def _record(self, make: Callable[[], Exchange], service: Service) -> bool:
        if not service.is_recording:
            self._tally.dropped(service.id, DropReason.RECORDING_OFF)
            return False
        step = self._spool.step
        if step is not KEEP_ALL:
            self._is_troubled = True
            self._shedding.met(step.name)
        try:
            exchange, is_shed = shed(make(), step)
            record = encode(self._redaction.apply(exchange, service.redact_fields))
        except Exception as error:
            # Whatever is wrong with our copy, the client gets its answer.
            self._is_troubled = True
            self._broken.met(type(error).__name__, exc_info=error)
            return self._drop(service, DropReason.INTERNAL)
        if not self._append(record, service):
            return False
        if is_shed:
            self._tally.add(service.id, SHED_AT[step])
        return True

    def _append(self, record: bytes, service: Service) -> bool:
        try:
            self._tally.promise(service.id, self._spool.place(len(record)))
            self._spool.append(record, service.id)
        except SpoolFull:
            return self._drop(service, DropReason.SPOOL_FULL)
        except OSError:
            return self._drop(service, DropReason.SPOOL_ERROR)
        self._tally.kept()
        self._tally.add(NOBODY, SPOOLED_BYTES, len(record))
        if self._is_troubled:
            self._passed()
        return True

    def _drop(self, service: Service, reason: DropReason) -> bool:
        self._tally.dropped(service.id, reason)
        if reason is not DropReason.INTERNAL:
            self._is_troubled = True
            self._dropping.met(reason.value)
        return False

    def _passed(self) -> None:
        """Nothing was wrong with this one."""
        troubles = (self._dropping, self._shedding, self._broken)
        for trouble in troubles:
            trouble.passed()
        self._is_troubled = any([trouble.is_there for trouble in troubles])


def shed(exchange: Exchange, step: Step) -> tuple[Exchange, bool]:
    """*exchange* without what is not kept at *step*, and whether that was anything."""
    if step is KEEP_ALL or (step is Step.SHED_SUCCESSFUL and not _succeeded(exchange)):
        return exchange, False
    sent, received = exchange.request_body, exchange.response_body
    messages = exchange.messages
    if not (sent or received or (messages and messages.kept)):
        return exchange, False
    return replace(
        exchange,
        request_body=_without(sent),
        response_body=_without(received),
        messages=messages
        and replace(messages, kept=(), problem="not kept: the spool was filling"),
    ), True


def _succeeded(exchange: Exchange) -> bool:
    status = exchange.status_code
    return exchange.error is None and status is not None and status < 400


def _without(body: Body | None) -> Body | None:
    return body and replace(body, kept=b"", state=BodyState.SHED)
