"""Finished rows: what logs of a template are stored as, but for what is each log's own.

They are made by what stores all logs, once for a template.
"""

import re
from collections.abc import Sequence
from operator import itemgetter
from typing import Final
from uuid import UUID

from appliance.fill.templates import MARKS, Template
from appliance.fill.values import Values
from monitor.record.batch import Gathered
from monitor.record.cells import CHANGE_BEGINS, cells_of
from monitor.record.codec import Recorded
from monitor.record.columns import TS_SIZE
from monitor.record.header_sets import HeaderSets, id_field

# What stands for the ids of a log's header sets; no value of a log is such.
SETS: Final = (id_field(0x7A11C0DE), id_field(0x7A11C0DF))
ALL: Final = (*MARKS, *SETS)
KINDS: Final = {mark: kind for kind, mark in enumerate(ALL)}
SLOTS: Final = re.compile(b"(%b)" % b"|".join([re.escape(mark) for mark in ALL]))
START_ENDS: Final = len(CHANGE_BEGINS) + TS_SIZE
# A head has a form once it repeats.
ROUNDS: Final = 3


class Row:
    """Bytes, with slots for a log's values."""

    __slots__ = ("_parts", "_picked")

    def __init__(self, row: bytes, values: Values) -> None:
        """*row* is one of *values*."""
        for value, mark in zip(values, MARKS, strict=True):
            row = row.replace(value, mark)
        self._parts = SLOTS.split(row)
        kinds = [KINDS[slot] for slot in self._parts[1::2]]
        # Of one there would be no tuple.
        few = slice(kinds[0], kinds[0] + 1)
        self._picked = itemgetter(*kinds) if kinds[1:] else itemgetter(few)

    def fill(self, values: Sequence[bytes]) -> bytes:
        """*values*: a log's own, then the ids of its header sets."""
        self._parts[1::2] = self._picked(values)
        return b"".join(self._parts)


class Rows:
    """Of one template. *forms* are those of its heads; *change* is what is counted of a
    log but for the time, *errors* whether it is one of these."""

    __slots__ = ("body", "change", "errors", "forms", "log", "service_id", "template")

    def __init__(self, template: Template, sets: HeaderSets, values: Values) -> None:
        record, gathered = Recorded(template.fill(values)), Gathered(sets)
        gathered.add([record])
        used = list(gathered.used)
        whole = gathered.whole(dict(zip(used, SETS, strict=False)))
        [(key, cell)] = cells_of(gathered.logs).items()
        self.template = template
        self.service_id: UUID = record.service_id
        self.forms = [one.form for one in used]
        self.log = Row(b"".join(whole), values)
        self.body = None
        if gathered.bodies:
            self.body = Row(b"".join(gathered.bodies), values)
        self.change, self.errors = key[START_ENDS:], cell.errors


def rows_of(templates: Sequence[Template], values: Sequence[Values]) -> list[Rows]:
    """Those of each; *values* of ROUNDS logs of each, all of them others."""
    sets, each = HeaderSets(), iter(values)
    for _ in range(ROUNDS - 1):
        for template in templates:
            sets.apart(Recorded(template.fill(next(each))).rows().detail)
    return [Rows(template, sets, next(each)) for template in templates]
