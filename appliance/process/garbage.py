"""Garbage: how often the interpreter looks for cycles that are held by nobody."""

import gc

# Exchanges free what they made by themselves. At Python's own thresholds the looking
# took a twenty-fifth of the CPU.
THRESHOLDS = (50_000, 20, 50)


def settle() -> None:
    """To be called once all is there that stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
