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

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from appliance.fill import shop
from appliance.fill.shop import Sketch
from appliance.fill.values import values_of
from monitor.record.codec import Recorded, encode
from monitor.record.pack import key_of
from monitor.traffic.exchange import Body, Exchange, Source, Timings
from monitor.traffic.ids import LogIds

# Stands for a log's own id, and its times; no exchange has such.
OWN: Final = UUID("01909090-9090-7090-9090-909090909090")
LATENCY_MS: Final = 731.0957731095
TTFB_MS: Final = 619.0957619095
TIME: Final = struct.Struct("!d")


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


def chosen_at(
    weights: NDArray[np.float64], moments: Sequence[Moment], random: Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """When the logs of *moments* are, in their order, and which template each is of;
    *weights* are those of the templates, summed up."""
    times = [
        np.sort(random.integers(each.start_ms, each.end_ms, each.count))
        for each in moments
    ]
    picked = random.random(sum(each.count for each in moments)) * weights[-1]
    which = np.searchsorted(weights, picked, side="right")
    return np.concatenate(times), np.minimum(which, len(weights) - 1)


def records(
    templates: Sequence[Template],
    weights: Sequence[float],
    moment: Moment,
    ids: LogIds,
    random: Random,
) -> list[Recorded]:
    """The logs of *moment*, by time; *weights* are those of *templates*, summed up."""
    generator = np.random.default_rng(random.getrandbits(64))
    times, which = chosen_at(np.asarray(weights), [moment], generator)
    medians = np.asarray([each.latency_ms for each in templates])[which]
    values = values_of(times, medians, ids, generator)
    return [
        Recorded(templates[n].fill(each))
        for n, each in zip(which.tolist(), values, strict=True)
    ]


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
