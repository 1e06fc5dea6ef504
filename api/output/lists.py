"""Lists of /v1, which all look alike."""

from typing import Any

import orjson

from monitor.logs.filter import EXACT_TOTAL


def envelope(
    items: list[dict[str, Any]] | orjson.Fragment, total: int, limit: int, offset: int
) -> dict[str, Any]:
    """A list; *items* may be written out already. Who counted *total* may have stopped
    behind EXACT_TOTAL."""
    return {
        "items": items,
        "total": None if total > EXACT_TOTAL else total,
        "total_at_least": min(total, EXACT_TOTAL),
        "limit": limit,
        "offset": offset,
        "next_cursor": None,
        "prev_cursor": None,
        "complete": True,
        "searched_to": None,
    }
