"""Strictness of reading JSON: what readers differ over is refused (RFC 8259 4, 6)."""

from typing import Any


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For *object_pairs_hook*. Raises ValueError."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name is repeated")
    return members


def no_constant(name: str) -> Any:
    """For *parse_constant*: NaN and infinities. Raises ValueError."""
    raise ValueError(f"{name} is not JSON")
