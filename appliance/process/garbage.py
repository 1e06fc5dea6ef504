"""Garbage: how often the interpreter looks for cycles that are held by nobody."""

import gc
from typing import Any

from monitor.loop.doing import DOING, GARBAGE, NOTHING, Kind

# What ends frees itself (tests/faults/test_garbage.py), so that few looks are due. Each
# is a pause: of the youngest about a millisecond, of older ones after a million more.
THRESHOLDS = (10_000, 100, 50)


def settle() -> None:
    """To be called once all is there that stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.callbacks.append(Pauses())


class Pauses:
    """Called as each look begins and ends: everything else waits in between."""

    def __init__(self) -> None:
        self._before: Kind = NOTHING

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._before = DOING.turn_to(GARBAGE)
        else:
            DOING.turn_to(self._before)
