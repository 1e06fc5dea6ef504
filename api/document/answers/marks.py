"""Answers about deploy marks."""

from uuid import UUID

from pydantic import AwareDatetime

from api.document.answers.shown import Shown


class Mark(Shown):
    """Without `service_id` it is of all services."""

    id: UUID
    service_id: UUID | None
    text: str
    timestamp: AwareDatetime
    created_at: AwareDatetime
