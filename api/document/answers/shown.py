"""Parts that answers have in common: lists, problems, and kinds of values."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Item = TypeVar("Item")
Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0)]
Encoding = Literal["utf-8", "base64"]
WithheldFor = Literal["unreadable", "work_limit"] | None
Headers = dict[str, Any]


class Shown(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Error(Shown):
    loc: list[str | int] = Field(examples=[["body", "base_url"]])
    msg: str
    type: str
    # Of a query that is not understood.
    offset: int | None = Field(None, description="of the part that is wrong")
    length: int | None = Field(None, description="of it, in characters")
    suggestion: str | None = Field(None, description="what was meant perhaps")


class Problem(Shown):
    """RFC 9457. `errors` is there for bad input."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Error] | None = None


class ListOf(Shown, Generic[Item]):
    """`total` is null beyond 10,000; `next_cursor` goes on where there is more,
    `prev_cursor`, with `newer=true`, leads back. `searched_to`: how far a search got
    that is not `complete`."""

    items: list[Item]
    total: Count | None
    total_at_least: Count
    limit: Count
    offset: Count
    next_cursor: str | None
    prev_cursor: str | None
    complete: bool
    searched_to: AwareDatetime | None
