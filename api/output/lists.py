"""Lists of /v1, which all look alike."""

from typing import Any

import orjson


def envelope(
    items: list[dict[str, Any]] | orjson.Fragment, total: int, limit: int, offset: int
) -> dict[str, Any]:
    """A list whose total is always exact; *items* may be written out already."""
    return {
        "items": items,
        "total": total,
        "total_at_least": total,
        "limit": limit,
        "offset": offset,
        "next_cursor": None,
        "prev_cursor": None,
        "complete": True,
        "searched_to": None,
    }
