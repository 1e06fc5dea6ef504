"""Answers about admin tokens."""

from uuid import UUID

from pydantic import AwareDatetime

from api.document.answers.shown import Shown


class Token(Shown):
    """`token_prefix` is null of tokens of an older version."""

    id: UUID
    name: str
    token_prefix: str | None
    read_only: bool
    is_active: bool
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_at: AwareDatetime | None


class MadeToken(Token):
    """`raw_token` is shown this once."""

    raw_token: str
