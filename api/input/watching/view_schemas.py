"""Saved views as bodies of /v1 say them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.input.values import Name
from monitor.logs.filter import FILTERS

MOST_CHARACTERS = 8_192
Filters = Annotated[
    dict[str, Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]],
    Field(
        max_length=len(FILTERS),
        description="parameters of `GET /v1/logs`, as an address has them",
        examples=[{"query": "status:5xx", "source": "proxy"}],
    ),
]
Range = Annotated[
    str,
    Field(
        max_length=16,
        pattern=r"^[0-9]{1,4}[mhd]$",
        description="so long before now, such as `1h`; `filters` then have no `since`",
    ),
]
Columns = Annotated[
    list[Annotated[str, Field(max_length=32, pattern=r"^[a-z_]+$")]],
    Field(max_length=32, description="columns of the page's table"),
]


class NewView(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name
    filters: Filters = {}
    range: Range | None = None
    columns: Columns | None = None


class ViewChanges(BaseModel):
    """What is absent stays; null clears."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name | None = None
    filters: Filters | None = None
    range: Range | None = None
    columns: Columns | None = None
