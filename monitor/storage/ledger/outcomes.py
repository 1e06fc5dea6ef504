"""Outcomes of the records of a batch, in the ledger's words."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from monitor.ledger.account import STORED
from monitor.record.batch import Storable, services_of
from monitor.record.codec import Recorded
from monitor.spool.segments import Damage, Frame
from monitor.spool.tally import DROPPED
from monitor.storage.ledger.totals import Key

SERVICE_DELETED: Final = f"{DROPPED}service_deleted"
LETTERS_FULL: Final = f"{DROPPED}dead_letters_full"
DAMAGED_RECORD: Final = f"{DROPPED}damaged"


class Record:
    """A record of a segment, the exchange in it, and where it begins.

    *exchange* is None where the bytes are whole but are no exchange.
    """

    __slots__ = ("exchange", "frame", "start")

    def __init__(self, frame: Frame, exchange: Recorded | None, start: int) -> None:
        self.frame = frame
        self.exchange = exchange
        self.start = start


def records_of(frames: Sequence[Frame], position: int) -> list[Record]:
    records = []
    for frame in frames:
        records.append(Record(frame, _exchange_of(frame.payload), position))
        position = frame.end
    return records


def _exchange_of(payload: bytes) -> Recorded | None:
    try:
        return Recorded(payload)
    except ValueError:
        return None


def outcomes(records: Sequence[Record], stored: Sequence[Storable]) -> Counter[Key]:
    """What became of *records*, of which *stored* are stored."""
    counts = Counter([exchange.service_id.int for exchange in stored])
    found = Counter({(id, STORED): counts[id.int] for id in services_of(stored)})
    if len(stored) < len(records):
        _count_deleted(found, records, {exchange.key for exchange in stored})
    for record in records:
        if record.frame.damage is not None:
            found.update(damaged(record.frame.damage))
    return found


def _count_deleted(
    found: Counter[Key], records: Sequence[Record], stored: set[bytes]
) -> None:
    for record in records:
        exchange = record.exchange
        if exchange is not None and exchange.key not in stored:
            found[exchange.service_id, SERVICE_DELETED] += 1


def damaged(damage: Damage | None) -> dict[Key, int]:
    """The record that was lost, where it is known to have been one."""
    if damage is None or damage.label is None:
        return {}
    return {(damage.label, DAMAGED_RECORD): 1}
