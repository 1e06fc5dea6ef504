"""Ids of logs: each carries its time and its bucket, and is alone the key."""

import random
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from time import time_ns
from typing import Final
from uuid import UUID, SafeUUID

# UUIDv7 (RFC 9562 5.7): 48 bit milliseconds | version | 12 bit | variant | 62 bit.
# The 12 bits and the next 4 are the bucket; then an 18 bit counter that keeps the
# order within a millisecond, then 40 random bits.
COUNTER_BITS: Final = 18
RANDOM_BITS: Final = 40
BUCKETS: Final = 65_536
# A clock that steps back by less is waited for.
LARGE_STEP_MS: Final = 10_000
# Milliseconds of 34 years.
GIVEN_BITS: Final = 40
GIVEN_RANDOM_BITS: Final = COUNTER_BITS + RANDOM_BITS - GIVEN_BITS
# A UUID lets nobody set what it is.
SET_VALUE: Final = vars(UUID)["int"].__set__
SET_SAFETY: Final = vars(UUID)["is_safe"].__set__
UNKNOWN: Final = SafeUUID.unknown
MAX_COUNTER: Final = (1 << COUNTER_BITS) - 1
MAX_GIVEN: Final = (1 << GIVEN_BITS) - 1


@dataclass(frozen=True, slots=True)
class Lease:
    """Ids that another process may make: those that would have been next."""

    bucket: int
    ms: int
    counter: int
    given: int


class LogIds:
    """Makes ids that ascend within this process; *bucket* names it, until a step."""

    def __init__(self, bucket: int | None = None) -> None:
        self.bucket = secrets.randbelow(BUCKETS) if bucket is None else bucket
        self._last_ms = 0
        # All above the counter, for that millisecond.
        self._high = 0
        self._counter = 0
        # Of ids for moments that others name: when they were given.
        self._given = 0
        # Ids are to differ, not to be secret: the kernel need not be asked for each.
        self._random = random.Random(secrets.randbits(128))

    def new(self) -> UUID:
        """An id for now, above every id this object made before.

        Unless the clock has stepped back by more than LARGE_STEP_MS: it is followed,
        for what is logged would stand still until it has caught up.
        """
        return self.next_at(time_ns() // 1_000_000)

    def next_at(self, now_ms: int) -> UUID:
        """As *new*, by a clock that shows *now_ms*."""
        if now_ms > self._last_ms:
            self._begin(now_ms)
        elif now_ms < self._last_ms - LARGE_STEP_MS:
            # What it shows was shown before: another bucket has none of its ids.
            self.bucket = (self.bucket + 1 + secrets.randbelow(BUCKETS - 1)) % BUCKETS
            self._begin(now_ms)
        elif self._counter < MAX_COUNTER:
            self._counter += 1
        else:
            self._begin(self._last_ms + 1)
        return self._filled(self._high, self._counter)

    def at(self, moment: datetime) -> UUID:
        """An id for a moment that the caller names, cut to milliseconds.

        Of the same millisecond, they ascend in the order in which they are given, from
        one call to another and after a restart too: what stands for the counter is the
        time of giving.
        """
        return self.at_ms(milliseconds(moment))

    def at_ms(self, ms: int) -> UUID:
        """As *at*, of a moment in milliseconds since 1970."""
        self._given = max(self._given + 1, time_ns() // 1_000_000)
        return self._given_at(ms)

    def _given_at(self, ms: int) -> UUID:
        given = (self._given & MAX_GIVEN) << GIVEN_RANDOM_BITS
        high = self._above(ms)
        return uuid_of(high | given | self._random.getrandbits(GIVEN_RANDOM_BITS))

    def lease(self, count: int) -> Lease:
        """The next *count* ids of either kind; this object makes none of them."""
        now_ms = time_ns() // 1_000_000
        self.next_at(now_ms)
        if self._counter + count > MAX_COUNTER:
            self._begin(self._last_ms + 1)
        given = max(self._given, now_ms - 1)
        made = Lease(self.bucket, self._last_ms, self._counter, given)
        self._counter += count
        self._given = given + count
        return made

    def _begin(self, ms: int) -> None:
        self._last_ms = ms
        self._high = self._above(ms)
        self._counter = 0

    def _above(self, ms: int) -> int:
        value = ms << 80 | 7 << 76 | (self.bucket >> 4) << 64 | 2 << 62
        return value | (self.bucket & 15) << 58

    def _filled(self, high: int, counter: int) -> UUID:
        low = counter << RANDOM_BITS | self._random.getrandbits(RANDOM_BITS)
        return uuid_of(high | low)


class LeasedIds(LogIds):
    """Makes the ids of a lease, no more than it has."""

    def __init__(self, lease: Lease) -> None:
        super().__init__(lease.bucket)
        self._begin(lease.ms)
        self._counter = lease.counter
        self._given = lease.given

    def new(self) -> UUID:
        self._counter += 1
        return self._filled(self._high, self._counter)

    def at_ms(self, ms: int) -> UUID:
        self._given += 1
        return self._given_at(ms)


def uuid_of(value: int) -> UUID:
    """As UUID(int=value) of what has 128 bits: its checks take longest."""
    made = object.__new__(UUID)
    SET_VALUE(made, value)
    SET_SAFETY(made, UNKNOWN)
    return made


def uuid_from(content: bytes) -> UUID:
    """As UUID(bytes=content), sooner."""
    return uuid_of(int.from_bytes(content, "big"))


# Services' ids, of which there are few, stand in each record.
@lru_cache(maxsize=4096)
def known_uuid(content: bytes) -> UUID:
    """As UUID(bytes=content), remembered."""
    return UUID(bytes=content)


def text_of(id: UUID) -> str:
    """As str(id), sooner."""
    digits = bytes_of(id).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def bytes_of(id: UUID) -> bytes:
    """As id.bytes, sooner."""
    return id.int.to_bytes(16, "big")


def milliseconds(moment: datetime) -> int:
    """Unix time in whole milliseconds, exact (no float on the way)."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def is_log_id(id: UUID) -> bool:
    """Whether *id* can be one of ours: version 7, RFC variant, a date before 3000."""
    return id.version == 7 and id.int >> 80 < 32_503_680_000_000


def lowest_at(moment: datetime) -> UUID:
    """Not above any id of *moment* or later: a bound along the indexes by id."""
    return UUID(int=milliseconds(moment) << 80 | 7 << 76 | 2 << 62)


def highest_before(moment: datetime) -> UUID:
    """Not below any id that is before *moment*, a whole millisecond."""
    return UUID(
        int=milliseconds(moment) - 1 << 80 | 7 << 76 | 0xFFF << 64 | (3 << 62) - 1
    )


def timestamp_of(id: UUID) -> datetime:
    ms = id.int >> 80
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)


def bucket_of(id: UUID) -> int:
    return bucket_in(bytes_of(id))


def bucket_in(content: bytes) -> int:
    """As *bucket_of*, of an id's bytes: small numbers are computed sooner."""
    return (content[6] & 15) << 12 | content[7] << 4 | content[8] >> 2 & 15
