"""Logs as people name them: by the id, or by the URL of the page."""

import re
from uuid import UUID

from monitor.traffic.ids import is_log_id

LOG_ID = re.compile(
    r"(?:https?://\S*/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?(?:[?#]\S*)?",
    re.IGNORECASE,
)


def id_in(text: str) -> UUID | None:
    """The log's id that *text* is, or is the URL of."""
    found = LOG_ID.fullmatch(text.strip())
    if found is None:
        return None
    id = UUID(found[1])
    return id if is_log_id(id) else None
