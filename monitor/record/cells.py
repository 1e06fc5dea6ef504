"""What is counted and measured of a batch, from its packed rows of logs.

A cell is the logs of five minutes that are alike in service, source, method, endpoint
and status; it becomes one row of rollup_changes for COPY. Fields are taken as the bytes
that they are, since both tables hold them alike.
"""

import struct
from typing import Final

from monitor.record.binary import BIGINT
from monitor.record.columns import (
    ID_SIZE,
    LENGTH_SIZE,
    TS_SIZE,
    place_in_row,
)

CHANGE_COLUMNS: Final = (
    "start",
    "service_id",
    "source",
    "method",
    "endpoint",
    "status_code",
    "requests",
    "errors",
    "latencies",
)
CHANGE_BEGINS: Final = struct.pack("!hi", len(CHANGE_COLUMNS), TS_SIZE)
TS_PLACE: Final = place_in_row("ts")
SERVICE_PLACE: Final = place_in_row("id") + ID_SIZE
SERVICE_END: Final = SERVICE_PLACE + LENGTH_SIZE + ID_SIZE
# Rollups are by this; what is shorter is read from the logs.
STEP_S: Final = 300
STEP_US: Final = STEP_S * 1_000_000
FLOAT_OID: Final = 701
NO_FLOATS: Final = struct.pack("!iiii", 12, 0, 0, FLOAT_OID)
FLOATS: Final = struct.Struct("!iiiiii")
FLOAT_FIELD_SIZE: Final = LENGTH_SIZE + 8
STATUS: Final = struct.Struct("!h")
TIMESTAMP: Final = struct.Struct("!q")
SMALLEST_ERROR: Final = 500
DISCONNECTED: Final = b"client_disconnect"


class Cell:
    __slots__ = ("errors", "latencies", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.latencies: list[bytes] = []


def changes_of(rows: list[bytes]) -> list[bytes]:
    """Rows of rollup_changes, one for each cell of *rows*."""
    return [change_of(key, cell) for key, cell in cells_of(rows).items()]


def cells_of(rows: list[bytes]) -> dict[bytes, Cell]:
    """By what a change begins with: that, the time, and in what its logs are alike."""
    cells: dict[bytes, Cell] = {}
    begins = b""
    first = after = 0
    for row in rows:
        (ts,) = TIMESTAMP.unpack_from(row, TS_PLACE)
        if ts < first or ts >= after:
            first = ts - ts % STEP_US
            after = first + STEP_US
            begins = CHANGE_BEGINS + TIMESTAMP.pack(first)
        _add(cells, begins, row)
    return cells


def _add(cells: dict[bytes, Cell], begins: bytes, row: bytes) -> None:
    method_end = field_end(row, field_end(row, SERVICE_END))
    path = field_end(row, method_end)
    path_end = field_end(row, path)
    error = field_end(row, field_end(row, path_end))
    error_end = field_end(row, error)
    endpoint = field_end(row, error_end)
    status = field_end(row, endpoint)
    latency = field_end(row, status)
    if status - endpoint == LENGTH_SIZE:
        # What was packed before endpoints were is one by its path.
        endpoint_field = row[path:path_end]
    else:
        endpoint_field = row[endpoint:status]
    key = begins + row[SERVICE_PLACE:method_end] + endpoint_field + row[status:latency]
    cell = cells.get(key)
    if cell is None:
        cell = cells[key] = Cell()
    cell.requests += 1
    if _is_error(row, status, latency, error, error_end):
        cell.errors += 1
    latency_field = row[latency : latency + FLOAT_FIELD_SIZE]
    if latency_field[0] == 0:
        cell.latencies.append(latency_field)


def field_end(row: bytes, at: int) -> int:
    """Where the field ends whose length is *at*; a null has none."""
    if row[at] == 0xFF:
        return at + LENGTH_SIZE
    size = row[at] << 24 | row[at + 1] << 16 | row[at + 2] << 8 | row[at + 3]
    return at + LENGTH_SIZE + size


def _is_error(
    row: bytes, status: int, latency: int, error: int, error_end: int
) -> bool:
    """As the generated column of logs says it."""
    if latency - status > LENGTH_SIZE:
        (code,) = STATUS.unpack_from(row, status + LENGTH_SIZE)
        if code >= SMALLEST_ERROR:
            return True
    if error_end - error == LENGTH_SIZE and row[error] == 0xFF:
        return False
    text = row[error + LENGTH_SIZE : error_end]
    return text != DISCONNECTED and not text.startswith(DISCONNECTED + b": ")


def change_of(key: bytes, cell: Cell) -> bytes:
    latencies = cell.latencies
    count = len(latencies)
    size = FLOATS.size - LENGTH_SIZE + count * FLOAT_FIELD_SIZE
    return b"".join(
        (
            key,
            BIGINT.pack(8, cell.requests),
            BIGINT.pack(8, cell.errors),
            FLOATS.pack(size, 1, 0, FLOAT_OID, count, 1) if count else NO_FLOATS,
            *latencies,
        )
    )
