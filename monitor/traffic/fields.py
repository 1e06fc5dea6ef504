"""Header fields, as they passed and as they were pushed."""

from typing import Any

# Field lines in wire order, repeats and letter case kept; bytes as latin-1, which
# loses nothing (RFC 9110 5.5 calls bytes >= 0x80 opaque).
Fields = tuple[tuple[str, str], ...]
# Ingested header fields stay the JSON object that the client pushed.
HeaderObject = dict[str, Any]


class SharedFields(tuple[tuple[str, str], ...]):
    """Fields that exchanges of one connection have in common.

    What was made of them is remembered with them: by whom, for what, and the result.
    """

    masked: tuple[object, object, Fields | HeaderObject] | None = None
    packed: bytes | None = None
