"""The arrival of a log that was handed over later than it happened."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Of younger ones it is not noted: bodies are kept for days.
LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """*har* is what its archive said of it that no field of a log holds, as JSON."""

    at: datetime
    har: bytes | None = None
