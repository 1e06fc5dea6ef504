"""Garbage: how often the interpreter looks for cycles that are held by nobody."""

import gc
from typing import Any

from monitor.loop.doing import DOING, GARBAGE, NOTHING, Kind

# Exchanges free what they made by themselves. At Python's own thresholds the looking
# took a twenty-fifth of the CPU.
THRESHOLDS = (50_000, 20, 50)


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
