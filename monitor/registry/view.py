"""Saved views of the list of logs: what is asked for, and how it looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """*filters*: parameters of the list, as an address has them. *range*: so long
    before now, such as `1h`. Without *columns*, they are those that there are at first.
    """

    id: UUID
    name: str
    filters: Mapping[str, str]
    range: str | None
    columns: tuple[str, ...]
    created_at: datetime
    updated_at: datetime

    @property
    def parameters(self) -> dict[str, str]:
        """What the address of the page has for it."""
        made = dict(self.filters)
        if self.range:
            made["range"] = self.range
        if self.columns:
            made["columns"] = ",".join(self.columns)
        return made
