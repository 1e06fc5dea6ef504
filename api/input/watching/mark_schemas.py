"""Deploy marks as bodies and queries of /v1 say them."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.input.read import PAGE_OF_A_SERVICE
from api.input.values import Name, ServiceId, Time, described
from monitor.logs.parameter import TIME
from monitor.registry.mark import LONGEST_TEXT

MARKS = {**PAGE_OF_A_SERVICE, "since": TIME, "until": TIME}


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    if not line:
        raise ValueError("must not be blank")
    return line


class NewMark(BaseModel):
    """*service*: by its name or slug; without it and *service_id* it is of all."""

    model_config = ConfigDict(strict=True, extra="forbid")

    text: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_TEXT),
        AfterValidator(_one_line),
        described(pattern=r"\S"),
    ]
    service: Name | None = None
    service_id: ServiceId | None = None
    timestamp: Time | None = None
