"""Templates: records encoded once, into which each log writes what is its own.

So a log costs a join of bytes, and its form is that of all records.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from random import Random
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from appliance.fill import shop
from appliance.fill.shop import Sketch
from monitor.record.codec import Recorded, encode
from monitor.record.pack import key_of
from monitor.traffic.exchange import Body, Exchange, Source, Timings
from monitor.traffic.ids import LogIds

# Stands for a log's own id, and its times; no exchange has such.
OWN: Final = UUID("01909090-9090-7090-9090-909090909090")
LATENCY_MS: Final = 731.0957731095
TTFB_MS: Final = 619.0957619095
TIME: Final = struct.Struct("!d")
# What of the latency has passed when the answer begins; how far latencies scatter.
TTFB_SHARE: Final = 0.9
SIGMA: Final = 0.55


# What stands for each of a log's values, in the order of these.
MARKS: Final = (
    key_of(OWN),
    TIME.pack(LATENCY_MS),
    TIME.pack(TTFB_MS),
    shop.ID.encode(),
    shop.TRACE.encode(),
    shop.TRACE[:16].encode(),
    shop.NUMBER.encode(),
    shop.SKU.encode(),
)
KINDS: Final = {mark: kind for kind, mark in enumerate(MARKS)}
SLOTS: Final = re.compile(b"(%b)" % b"|".join([re.escape(mark) for mark in MARKS]))


class Template:
    """*fill* writes the values of a log between the parts of what was encoded."""

    __slots__ = ("_parts", "_picked", "latency_ms", "weight")

    def __init__(self, sketch: Sketch, service_id: UUID) -> None:
        record = encode(_exchange(sketch, service_id))
        parts = SLOTS.split(record)
        kinds = [KINDS[slot] for slot in parts[1::2]]
        assert len(kinds) > 1
        self._parts = parts
        self._picked = itemgetter(*kinds)
        self.latency_ms = sketch.latency_ms
        self.weight = sketch.weight

    def fill(self, values: Sequence[bytes]) -> bytes:
        self._parts[1::2] = self._picked(values)
        return b"".join(self._parts)


@dataclass(frozen=True, slots=True)
class Moment:
    """*count* logs from *start_ms* on, before *end_ms*; Unix time."""

    start_ms: int
    end_ms: int
    count: int


def records(
    templates: Sequence[Template],
    weights: Sequence[float],
    moment: Moment,
    ids: LogIds,
    random: Random,
) -> list[Recorded]:
    """The logs of *moment*, by time; *weights* are those of *templates*, summed up."""
    span = range(moment.start_ms, moment.end_ms)
    times = sorted(random.choices(span, k=moment.count))
    chosen = random.choices(templates, cum_weights=weights, k=moment.count)
    return [
        Recorded(template.fill(_values(ids.at_ms(ms), template.latency_ms, random)))
        for ms, template in zip(times, chosen, strict=True)
    ]


def _values(id: UUID, median_ms: float, random: Random) -> tuple[bytes, ...]:
    """In the order of MARKS."""
    digits = random.randbytes(24).hex().encode()
    number = random.getrandbits(53)
    latency_ms = median_ms * random.lognormvariate(0, SIGMA)
    other = b"%b-%b-4%b-8%b-%b" % (
        *(digits[:8], digits[8:12], digits[12:15]),
        *(digits[15:18], digits[18:30]),
    )
    return (
        key_of(id),
        TIME.pack(latency_ms),
        TIME.pack(latency_ms * TTFB_SHARE),
        other,
        digits[:32],
        digits[32:48],
        b"%08d" % (10_000_000 + number % 90_000_000),
        b"SKU-%06d" % (number % 1_000_000),
    )


def _exchange(sketch: Sketch, service_id: UUID) -> Exchange:
    path, _, query = sketch.target.partition("?")
    return Exchange(
        id=OWN,
        service_id=service_id,
        source=Source.PROXY,
        method=sketch.method,
        url=f"http://upstream.internal{sketch.target}",
        path=path,
        query_params=dict(parse_qsl(query)),
        status_code=sketch.status,
        latency_ms=LATENCY_MS,
        source_ip="10.0.0.7",
        request_headers=sketch.sent,
        response_headers=sketch.received,
        request_body=_body(sketch.asked),
        response_body=_body(sketch.answered),
        request_size=len(sketch.asked),
        response_size=len(sketch.answered),
        timings=Timings(ttfb_ms=TTFB_MS, overhead_ms=0.3),
    )


def _body(content: bytes) -> Body | None:
    return Body(kept=content, size=len(content)) if content else None
