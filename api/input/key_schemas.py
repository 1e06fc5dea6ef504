"""Models of the bodies that make keys and tokens."""

from pydantic import BaseModel, ConfigDict

from api.input.values import Name, Time


class NewKey(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name


class NewToken(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name
    read_only: bool = False
    expires_at: Time | None = None
