"""Where a record goes that PostgreSQL refuses for what is in it."""

import os
import zlib
from pathlib import Path
from uuid import UUID

import orjson

from monitor.spool import FRAME


class DeadLetters:
    """One append-only file; each letter is on the disk when *append* returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, id: UUID | None, reason: str, record: bytes) -> None:
        """Keep *record*, under its log's id, with the reason it was refused for."""
        head = orjson.dumps({"id": id, "reason": reason})
        payload = len(head).to_bytes(4, "little") + head + record
        frame = FRAME.pack(len(payload), zlib.crc32(payload)) + payload
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, frame)
            os.fsync(file)
        finally:
            os.close(file)
