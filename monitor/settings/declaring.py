"""The way a setting is declared: its default, its bounds, and its meaning.

From here come its parsing, `apimonitor settings`, /status, docs/settings.md and the
line of docker-compose.yml; its name ends with its unit where it has one.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

Names = tuple[str, ...]


class Theme(BaseModel):
    """Settings of one theme; the first line of its docstring is its heading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def setting(default: Any, meaning: str, **bounds: Any) -> Any:
    """*meaning*: what it is, who would change it, and how they would know."""
    return Field(default, description=meaning, **bounds)


def split(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(item.strip() for item in value.split(",") if item.strip())


def extend(value: Any, default: Names) -> Any:
    if not isinstance(value, str):
        return value
    added = value.startswith("+")
    names = tuple(name.lower() for name in split(value.removeprefix("+")))
    return (*default, *names) if added else names
