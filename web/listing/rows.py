"""A row of the list: a log, what is to be said of it, and what is usual there."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.logs.log import LogItem, Remark
from monitor.logs.metrics import EndpointKey, Measured
from monitor.storage.stores import Stores
from monitor.traffic.exchange import FailureCode
from web.views.formats import bar

# Where the usual p95 is on the bar of a latency.
USUAL_AT = 50


@dataclass(frozen=True, slots=True)
class Row:
    log: LogItem
    remark: Remark | None
    usual: Measured | None

    @property
    def usual_p95_ms(self) -> float | None:
        return self.usual.p95_ms if self.usual else None

    @property
    def is_slow(self) -> bool:
        usual, taken = self.usual_p95_ms, self.log.latency_ms
        return usual is not None and taken is not None and taken > usual

    @property
    def bar(self) -> float:
        """As long as the latency is beside the usual p95; where there is none, on a
        scale for all."""
        usual, taken = self.usual_p95_ms, self.log.latency_ms
        if not usual or taken is None:
            return bar(taken)
        return round(min(max(taken / usual * USUAL_AT, 1), 100), 1)

    @property
    def is_aborted(self) -> bool:
        return (self.log.error or "").startswith(FailureCode.CLIENT_DISCONNECT)


async def rows_of(stores: Stores, items: Sequence[LogItem]) -> list[Row]:
    remarks = await stores.remarks.of([item.id for item in items])
    keys = {
        item.id: EndpointKey(item.service_id, item.method, remarks[item.id].endpoint)
        for item in items
        if item.id in remarks
    }
    usual = await stores.usual.of(set(keys.values()))
    return [
        Row(
            item,
            remarks.get(item.id),
            usual.get(keys[item.id]) if item.id in keys else None,
        )
        for item in items
    ]
