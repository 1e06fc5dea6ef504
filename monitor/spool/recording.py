"""Recording: finished exchanges are redacted, then in the spool."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from monitor.loop.doing import DOING, RECORD
from monitor.record.passed.forms import HeadForms
from monitor.record.passed.packing import parts_of
from monitor.redaction.redaction import Redaction
from monitor.registry.table import Service
from monitor.spool.segments import FRAME, NOBODY
from monitor.spool.tally import SHED, SPOOLED_BYTES, Tally
from monitor.spool.writer import KEEP_ALL, Record, Spool, SpoolFull, Step
from monitor.traffic.exchange import Body, BodyState, Exchange
from monitor.trouble import Trouble

logger = logging.getLogger(__name__)

SHED_AT: Final = {
    Step.SHED_SUCCESSFUL: f"{SHED}successful",
    Step.SHED_ALL: f"{SHED}all",
}
# So much is written at once; more would only push itself out of the caches.
TOGETHER_BYTES: Final = 256 * 1024
# The kernel takes 1,024 pieces at once, and a record is of seven at most.
TOGETHER: Final = 128
# What makes an exchange's copy, and its service.
Ended = tuple[Callable[[], Exchange], Service]
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
    """Called with exchanges that ended; never raises, never waits for PostgreSQL.

    Each is counted as finished, whatever becomes of it. Those of one service that come
    one behind the other are written at once.
    """

    def __init__(self, *, spool: Spool, redaction: Redaction, tally: Tally) -> None:
        self._spool = spool
        self._redaction = redaction
        self._tally = tally
        self._forms = HeadForms()
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
        # What is to be written at once, and how long it is with its frames.
        self._waiting: list[Record] = []
        self._waiting_bytes = 0
        self._service: Service | None = None

    def __call__(self, ended: Sequence[Ended]) -> int:
        """How many are in the spool, now; of the others, the reason is counted."""
        before = DOING.turn_to(RECORD)
        try:
            kept = 0
            for make, service in ended:
                if not service.is_recording:
                    self._tally.dropped(service.id, DropReason.RECORDING_OFF)
                    continue
                kept += self._record(make, service)
            return kept + self._write()
        finally:
            DOING.turn_to(before)

    def _record(self, make: Callable[[], Exchange], service: Service) -> int:
        """How many are in the spool since; this one waits, or is dropped."""
        step = self._spool.step
        if step is not KEEP_ALL:
            self._is_troubled = True
            self._shedding.met(step.name)
        try:
            exchange, is_shed = shed(make(), step)
            masked = self._redaction.apply(exchange, service.redact_fields)
            parts = parts_of(masked, self._forms)
        except Exception as error:
            # Whatever is wrong with our copy, the client gets its answer.
            self._is_troubled = True
            self._broken.met(type(error).__name__, exc_info=error)
            self._drop(service, DropReason.INTERNAL)
            return 0
        size = sum([len(part) for part in parts])
        kept = 0
        if is_shed or not self._fits(FRAME.size + size, service):
            kept = self._write()
        self._waiting.append((size, parts))
        self._waiting_bytes += FRAME.size + size
        self._service = service
        if is_shed and self._write():
            self._tally.add(service.id, SHED_AT[step])
            kept += 1
        return kept

    def _fits(self, size: int, service: Service) -> bool:
        """Whether a frame can be written together with what waits."""
        if not self._waiting:
            return True
        total = self._waiting_bytes + size
        return (
            service is self._service
            and total <= TOGETHER_BYTES
            and len(self._waiting) < TOGETHER
            and self._spool.has_room(total)
        )

    def _write(self) -> int:
        """What waits; how many of it are in the spool."""
        waiting, service = self._waiting, self._service
        if not waiting or service is None:
            return 0
        self._waiting, self._waiting_bytes, self._service = [], 0, None
        reason = self._append(waiting, service)
        if reason is None:
            return len(waiting)
        if len(waiting) == 1:
            self._drop(service, reason)
            return 0
        # For some of them there may be room.
        kept = 0
        for record in waiting:
            self._waiting, self._service = [record], service
            kept += self._write()
        return kept

    def _append(self, records: list[Record], service: Service) -> DropReason | None:
        """All of them, or none, and why."""
        n, size = len(records), sum([size for size, _ in records])
        try:
            segment, end = self._spool.place(size, n)
            begin = end - size - n * FRAME.size
            self._tally.promise(service.id, (segment, end), n=n, begin=begin)
            self._spool.append_all(records, service.id)
        except SpoolFull:
            return DropReason.SPOOL_FULL
        except OSError:
            return DropReason.SPOOL_ERROR
        self._tally.kept()
        self._tally.add(NOBODY, SPOOLED_BYTES, size)
        if self._is_troubled:
            self._passed()
        return None

    def _drop(self, service: Service, reason: DropReason) -> None:
        self._tally.dropped(service.id, reason)
        if reason is not DropReason.INTERNAL:
            self._is_troubled = True
            self._dropping.met(reason.value)

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
