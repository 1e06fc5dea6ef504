"""Columns of a log's rows, in the order in which records hold them; written here once.

What packs, unpacks, copies or selects them goes by their names, or by positions that
are derived from here. Records hold rows of this order: a new column goes to the end,
and one that a record is too old to hold is read as null.
"""

from typing import Final

# What every row of a log begins with, and how many bytes each is.
BUCKET_SIZE: Final = 4
TS_SIZE: Final = 8
ID_SIZE: Final = 16
KEY_SIZES: Final = {"bucket": BUCKET_SIZE, "ts": TS_SIZE, "id": ID_SIZE}
KEY_COLUMNS: Final = tuple(KEY_SIZES)
TIME_COLUMNS: Final = ("connect_ms", "tls_ms", "ttfb_ms", "overhead_ms")
SIDES: Final = ("request", "response")
LOG_COLUMNS: Final = (
    *KEY_COLUMNS,
    "service_id",
    "source",
    "method",
    "url",
    "path",
    "client_url",
    "query_params",
    "error",
    "source_ip",
    "endpoint",
    "status_code",
    "latency_ms",
    "duration_ms",
    "request_size",
    "response_size",
    "replay_of",
    "tags",
    "origin",
    "query",
    "client_origin",
)
DETAIL_COLUMNS: Final = (
    *KEY_COLUMNS,
    "request_headers",
    "response_headers",
    *TIME_COLUMNS,
    "message_count",
    "event_count",
    "messages_problem",
    "had_request_body",
    "had_response_body",
)
# Where a row of logs keeps what records hold as details: of each head its set, and
# what differs beside it.
HEAD_COLUMNS: Final = tuple(f"{side}_headers" for side in SIDES)
FIELDS_COLUMNS: Final = tuple(f"{side}_fields" for side in SIDES)
SET_COLUMNS: Final = tuple(f"{side}_set" for side in SIDES)
BEHIND_COLUMNS: Final = DETAIL_COLUMNS[len(KEY_COLUMNS) + len(HEAD_COLUMNS) :]
WHOLE_COLUMNS: Final = (
    *LOG_COLUMNS,
    *BEHIND_COLUMNS,
    *FIELDS_COLUMNS,
    *SET_COLUMNS,
)
BODY_COLUMNS: Final = (
    *KEY_COLUMNS,
    *(
        f"{side}_{part}"
        for side in SIDES
        for part in ("body", "truncated", "state", "is_text", "text")
    ),
)
# Of each of them a pack of bodies has an array.
PACKED_COLUMNS: Final = BODY_COLUMNS[len(KEY_COLUMNS) :]
# A row of log_bodies may be a part of what one of a record holds.
PART_COLUMNS: Final = (*BODY_COLUMNS, "part")
# A row is a count of its fields, then the length and the bytes of each.
COUNT_SIZE: Final = 2
LENGTH_SIZE: Final = 4


def place_in_row(column: str) -> int:
    """Where the bytes of one of a row's first columns begin: they are never null."""
    place = COUNT_SIZE + LENGTH_SIZE
    for name, size in KEY_SIZES.items():
        if name == column:
            break
        place += size + LENGTH_SIZE
    return place
