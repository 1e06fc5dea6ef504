"""Answers about services and their keys."""

from datetime import datetime
from enum import StrEnum
from types import GenericAlias
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import AwareDatetime, create_model

from api.document.answers.shown import Shown
from monitor.registry.resources import ServiceResource


def _service() -> type[Shown]:
    """The fields of ServiceResource, as JSON has them."""
    fields: dict[str, Any] = {"id": (UUID, ...), "service_id": (UUID, ...)}
    for name, known in get_type_hints(ServiceResource).items():
        fields[name] = (_in_json(known), ...)
    return create_model("Service", __base__=Shown, **fields)


def _in_json(known: Any) -> Any:
    if known is datetime:
        return AwareDatetime
    if get_origin(known) is tuple:
        return GenericAlias(list, get_args(known)[:1])
    if isinstance(known, type) and issubclass(known, StrEnum):
        return Literal[tuple(known)]
    return known


class Service(_service()):  # type: ignore[misc]
    """`notice` is there where something is to be known of its hosts."""

    notice: str | None = None


class Key(Shown):
    id: UUID
    service_id: UUID
    name: str
    key_prefix: str
    is_active: bool
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None


class MadeKey(Shown):
    """`raw_key` is shown this once."""

    id: UUID
    service_id: UUID
    name: str
    key_prefix: str
    raw_key: str
    is_active: bool
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None = None
