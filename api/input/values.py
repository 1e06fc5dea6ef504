"""Values that bodies of several calls of /v1 hold."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

from monitor import times
from monitor.redaction.redaction import valid_field
from monitor.traffic.wire import IS_TOKEN

MAX_RULE_LENGTH = 256
MAX_TAGS, MAX_TAG_LENGTH = 64, 128


def _rule(rule: str) -> str:
    reason = valid_field(rule)
    if reason is not None:
        raise ValueError(reason)
    return rule


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def method_name(method: str) -> str:
    if not IS_TOKEN.fullmatch(method):
        raise ValueError("must be a method such as GET")
    return method.upper()


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("must be a UUID") from None


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("must be an RFC 3339 time, such as 2026-11-24T13:00:00Z")
    return times.parse(value)


def described(**schema: Any) -> Any:
    """What /openapi.json says of a value that code checks: true of all that pass."""
    return Field(json_schema_extra=schema)


Name = Annotated[
    str,
    Field(min_length=1, max_length=128),
    AfterValidator(_not_blank),
    described(pattern=r"\S"),
]
Rule = Annotated[
    str,
    Field(min_length=1, max_length=MAX_RULE_LENGTH),
    AfterValidator(_rule),
    described(pattern=r"^(\$(\.\.?[^.\[\]*]+|\.\*|\[.+\])+|[^$=&;?#][^=&;?#]*)$"),
]
Method = Annotated[
    str,
    Field(min_length=1, max_length=32),
    AfterValidator(method_name),
    described(pattern=r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$"),
]
ServiceId = Annotated[str, AfterValidator(_uuid), described(format="uuid")]
Time = Annotated[datetime, BeforeValidator(_time)]
Tags = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=MAX_TAG_LENGTH)]],
    Field(max_length=MAX_TAGS),
]
