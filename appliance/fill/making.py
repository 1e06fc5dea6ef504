"""Making: batches of finished rows, by the plan."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from appliance.fill.rows import ROUNDS, Rows, rows_of
from appliance.fill.templates import Moment, Template, chosen_at
from appliance.fill.values import Values, cut, id_in, values_of
from monitor.record.batch import DAY_MS
from monitor.record.cells import CHANGE_BEGINS, STEP_US, Cell, change_of
from monitor.record.codec import Recorded
from monitor.record.header_sets import HeaderSet
from monitor.record.pack import EPOCH_MS
from monitor.storage.commit.finished import Finished
from monitor.traffic.ids import LogIds

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What stands before a latency: how long it is.
FLOAT_BEGINS: Final = (8).to_bytes(4, "big")
LATENCY: Final = 1
Log = tuple[Rows, Values]


class Maker:
    """Of one process: its ids, and the header sets of the day that it is at."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._ids = LogIds()
        # Of its own each time: a second run's requests are others.
        self._random = np.random.default_rng()
        self._medians = np.asarray([each.latency_ms for each in templates])
        self._weights = np.asarray(list(accumulate(each.weight for each in templates)))
        count = len(templates) * ROUNDS
        values = self._values(np.zeros(count, np.int64), np.tile(self._medians, ROUNDS))
        self._rows = rows_of(templates, values)
        self._day = -1
        self._sets: dict[bytes, HeaderSet] = {}

    def batch(self, moments: Sequence[Moment]) -> Finished:
        """The logs of *moments*, which are of one day of UTC."""
        times, which = chosen_at(self._weights, moments, self._random)
        values = self._values(times, self._medians[which])
        chosen = [self._rows[n] for n in which.tolist()]
        logs = list(zip(chosen, values, strict=True))
        used = self._sets_of(chosen, int(times[0]) // DAY_MS)
        return Finished(
            day=(EPOCH + timedelta(days=self._day)).date(),
            services=list({rows.service_id: None for rows in chosen}),
            keys=[id_in(own) for own in values],
            sets=used,
            logs=partial(self._logs, logs),
            bodies=[rows.body.fill(own) for rows, own in logs if rows.body is not None],
            changes=_changes(logs, times),
            records=partial(_records, logs),
        )

    def _values(
        self, times: NDArray[np.int64], medians: NDArray[np.float64]
    ) -> list[Values]:
        return list(values_of(times, medians, self._ids, self._random))

    def _sets_of(self, chosen: Sequence[Rows], day: int) -> list[HeaderSet]:
        if day != self._day:
            self._day = day
            self._sets = {}
        ts = EPOCH + timedelta(days=day)
        used: dict[HeaderSet, None] = {}
        for form in {form: None for rows in chosen for form in rows.forms}:
            one = self._sets.get(form)
            if one is None:
                one = self._sets[form] = HeaderSet(self._ids.bucket, ts, form)
            used[one] = None
        return list(used)

    def _logs(self, logs: Sequence[Log], ids: dict[HeaderSet, bytes]) -> list[bytes]:
        known = {one.form: id for one, id in ids.items()}
        return [
            rows.log.fill((*own, *[known[form] for form in rows.forms]))
            for rows, own in logs
        ]


def _changes(logs: Sequence[Log], times: NDArray[np.int64]) -> list[bytes]:
    us = (times - EPOCH_MS) * 1000
    starts = cut((us - us % STEP_US).astype(">i8"), 8)
    cells: dict[bytes, Cell] = {}
    for (rows, own), start in zip(logs, starts, strict=True):
        key = start + rows.change
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = Cell()
        cell.requests += 1
        cell.errors += rows.errors
        cell.latencies.append(FLOAT_BEGINS + own[LATENCY])
    return [change_of(CHANGE_BEGINS + key, cell) for key, cell in cells.items()]


def _records(logs: Sequence[Log]) -> list[Recorded]:
    return [Recorded(rows.template.fill(own)) for rows, own in logs]
