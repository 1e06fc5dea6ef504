"""Answers about saved views."""

from uuid import UUID

from pydantic import AwareDatetime

from api.document.answers.shown import Shown


class View(Shown):
    """`filters` are parameters of `GET /v1/logs`; without `columns`, those at first."""

    id: UUID
    name: str
    filters: dict[str, str]
    range: str | None
    columns: list[str] | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
