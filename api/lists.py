"""What every list of /v1 looks like."""

from typing import Any


def envelope(
    items: list[dict[str, Any]], total: int, limit: int, offset: int
) -> dict[str, Any]:
    """A list whose total is always exact."""
    return {
        "items": items,
        "total": total,
        "total_at_least": total,
        "limit": limit,
        "offset": offset,
        "next_cursor": None,
        "complete": True,
    }
