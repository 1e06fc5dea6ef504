"""Marks of moments: what was deployed, or changed, and when."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

LONGEST_TEXT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployMark:
    """*service_id* None: it is about all services."""

    id: UUID
    service_id: UUID | None
    marked_at: datetime
    text: str
    created_at: datetime
