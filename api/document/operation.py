"""One operation of the API, as /openapi.json describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from monitor.logs.parameter import Parameter

JSON = "application/json"
NDJSON = "application/x-ndjson"
# Errors of what takes a body, and of what takes logs.
GIVEN: tuple[int, ...] = (413, 415, 422)
PUSHED: tuple[int, ...] = (404, 413, 415, 422, 429)


class Access(StrEnum):
    """What a caller of a closed appliance has to come with."""

    NOTHING = "nothing"
    ADMIN = "admin"
    KEY = "key"
    KEY_OR_ADMIN = "key or admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """*errors*: the statuses besides those that every request may have.

    *also*: further statuses that are answered as *status* is.
    """

    method: str
    path: str
    id: str
    summary: str
    tag: str
    access: Access = Access.ADMIN
    status: int = 200
    answer: type[BaseModel] | None = None
    answer_type: str = JSON
    answer_example: Any = None
    body: type[BaseModel] | None = None
    body_is_optional: bool = False
    body_types: dict[str, dict[str, Any]] = field(default_factory=dict)
    body_example: Any = None
    query: Mapping[str, Parameter] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    also: tuple[int, ...] = ()
    # What the answer is, where its summary does not say it.
    answered: str | None = None
