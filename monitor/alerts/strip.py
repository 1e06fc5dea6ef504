"""A rule's last day, cut into parts: in which of them it fired."""

from dataclasses import dataclass
from datetime import timedelta

PART = timedelta(minutes=15)
PARTS = timedelta(days=1) // PART


@dataclass(frozen=True, slots=True)
class Strip:
    """*lit*: the oldest part first; *fired*: how often it did in all."""

    lit: tuple[bool, ...]
    fired: int

    @property
    def lit_at(self) -> list[int]:
        return [at for at, is_lit in enumerate(self.lit) if is_lit]
