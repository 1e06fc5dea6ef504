"""Cursors: opaque texts for the log after which a page of a list begins."""

import base64
import binascii
from uuid import UUID

from monitor.traffic.ids import is_log_id


def encode_cursor(id: UUID) -> str:
    """An opaque text for the last log of a page; ids are time-ordered."""
    return base64.urlsafe_b64encode(id.bytes).decode().rstrip("=")


def decode_cursor(text: str) -> UUID | None:
    """The log after which a page begins, or None if *text* is no cursor of ours."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"==")
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    if len(raw) != 16:
        return None
    id = UUID(bytes=raw)
    return id if is_log_id(id) else None
