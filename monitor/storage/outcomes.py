"""What became of the records of a batch, in the ledger's words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.codec import Recorded, recorded
from monitor.ledger import STORED
from monitor.segments import Damage, Frame
from monitor.storage.ledger import Key
from monitor.storage.rows import Storable
from monitor.tally import DROPPED

SERVICE_DELETED = f"{DROPPED}service_deleted"
LETTERS_FULL = f"{DROPPED}dead_letters_full"
DAMAGED_RECORD = f"{DROPPED}damaged"


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a segment, the exchange in it, and where it begins.

    *exchange* is None where the bytes are whole but are no exchange.
    """

    frame: Frame
    exchange: Recorded | None
    start: int


def records_of(frames: Sequence[Frame], position: int) -> list[Record]:
    records = []
    for frame in frames:
        records.append(Record(frame, _exchange_of(frame.payload), position))
        position = frame.end
    return records


def _exchange_of(payload: bytes) -> Recorded | None:
    try:
        return recorded(payload)
    except ValueError:
        return None


def outcomes(records: Sequence[Record], kept: Sequence[Storable]) -> Counter[Key]:
    """What became of *records*, *kept* of which were stored."""
    outcomes = Counter((exchange.service_id, STORED) for exchange in kept)
    stored = {exchange.id for exchange in kept}
    for record in records:
        exchange = record.exchange
        if exchange is not None and exchange.id not in stored:
            outcomes[exchange.service_id, SERVICE_DELETED] += 1
        outcomes.update(damaged(record.frame.damage))
    return outcomes


def damaged(damage: Damage | None) -> dict[Key, int]:
    """The record that was lost, where it is known to have been one."""
    if damage is None or damage.label is None:
        return {}
    return {(damage.label, DAMAGED_RECORD): 1}
