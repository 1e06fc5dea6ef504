"""Values: what each made-up log has of its own, of many logs at once."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from monitor.record.columns import BUCKET_SIZE, ID_SIZE, TS_SIZE
from monitor.record.pack import EPOCH_MS, KEY
from monitor.traffic.ids import GIVEN_RANDOM_BITS, LeasedIds, LogIds

# As bytes, in the order of the marks of templates.
Values = tuple[bytes, ...]
# What of the latency has passed when the answer begins; how far latencies scatter.
TTFB_SHARE: Final = 0.9
SIGMA: Final = 0.55
# As the fields of monitor.record.pack.KEY.
KEYS: Final = np.dtype(
    [
        *(("bucket_size", ">i4"), ("bucket", ">i4"), ("ts_size", ">i4"), ("ts", ">i8")),
        *(("id_size", ">i4"), ("high", ">u8"), ("low", ">u8")),
    ]
)
ID_PLACE: Final = KEY.size - ID_SIZE
LOW_MASK: Final = (1 << 64) - 1
HEX_SIZE: Final = 48
SMALLEST: Final = 10_000_000
SKUS: Final = 1_000_000


def values_of(
    times_ms: NDArray[np.int64],
    medians: NDArray[np.float64],
    ids: LogIds,
    random: Generator,
) -> Iterator[Values]:
    """Those of a log at each of *times_ms*, whose latency is around its median."""
    count = len(times_ms)
    latencies = medians * random.lognormal(0, SIGMA, count)
    digits = np.frombuffer(random.bytes(count * HEX_SIZE // 2).hex().encode(), np.uint8)
    digits = digits.reshape(count, HEX_SIZE)
    numbers = random.integers(1 << 53, size=count)
    return zip(
        cut(keys_of(times_ms, ids, random), KEY.size),
        cut(latencies.astype(">f8"), 8),
        cut((latencies * TTFB_SHARE).astype(">f8"), 8),
        cut(_uuids(digits), 36),
        cut(digits[:, :32], 32),
        cut(digits[:, 32:], 16),
        cut((SMALLEST + numbers % (9 * SMALLEST)).astype("S8"), 8),
        [b"SKU-" + digits for digits in cut(_six_digits(numbers), 6)],
        strict=True,
    )


def id_in(values: Sequence[bytes]) -> bytes:
    return values[0][ID_PLACE:]


def keys_of(
    times_ms: NDArray[np.int64], ids: LogIds, random: Generator
) -> NDArray[Any]:
    """What each of a log's rows begins with, as *ids* would give ids at these times."""
    count = len(times_ms)
    lease = ids.lease(count)
    first = LeasedIds(lease).at_ms(0).int
    given = np.arange(count, dtype=np.uint64) << np.uint64(GIVEN_RANDOM_BITS)
    low = np.uint64(first & LOW_MASK >> GIVEN_RANDOM_BITS << GIVEN_RANDOM_BITS)
    scattered = random.integers(1 << GIVEN_RANDOM_BITS, size=count, dtype=np.uint64)
    keys = np.empty(count, KEYS)
    keys["bucket_size"], keys["bucket"] = BUCKET_SIZE, lease.bucket
    keys["ts_size"], keys["ts"] = TS_SIZE, (times_ms - EPOCH_MS) * 1000
    keys["id_size"] = ID_SIZE
    keys["high"] = np.uint64(first >> 64) | times_ms.astype(np.uint64) << np.uint64(16)
    keys["low"] = low + given | scattered
    return keys


def cut(each: NDArray[Any], size: int) -> list[bytes]:
    """The bytes of each, which has *size* of them."""
    content = each.tobytes()
    return [content[at : at + size] for at in range(0, len(content), size)]


def _uuids(digits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of version 4, as text."""
    made = np.full((len(digits), 36), ord("-"), np.uint8)
    made[:, :8], made[:, 9:13] = digits[:, :8], digits[:, 8:12]
    made[:, 14], made[:, 15:18] = ord("4"), digits[:, 12:15]
    made[:, 19], made[:, 20:23] = ord("8"), digits[:, 15:18]
    made[:, 24:] = digits[:, 18:30]
    return made


def _six_digits(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    written = (SKUS + numbers % SKUS).astype("S7")
    return written.view(np.uint8).reshape(len(numbers), 7)[:, 1:]
