"""Values as they were given to a field, and what was expected instead."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from monitor import times
from monitor.search.tree import Regex

FIRST_YEAR, LAST_YEAR = 1970, 2999
NUMBER = r"\d{1,15}(?:\.\d{1,9})?"
DURATION = re.compile(rf"({NUMBER})(ms|s|m|min|h|d|w)?", re.IGNORECASE)
MS = {"ms": 1, "s": 1e3, "m": 6e4, "min": 6e4, "h": 36e5, "d": 864e5, "w": 6048e5}
SIZE = re.compile(rf"({NUMBER})(?:([kmg])(i?))?b?", re.IGNORECASE)
POWERS: dict[str, int] = {"k": 1, "m": 2, "g": 3}
DATE = re.compile(r"\d{4}-\d\d-\d\d")
DECIMAL = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
MAX_BYTES = 2**62

Number: TypeAlias = int | float | Decimal | datetime


class Expected(ValueError):
    """What should stand there, as the end of "expected …"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """*named*: what follows the name of a family, as in `header.accept`."""

    operator: str
    pieces: tuple[str, ...]
    regex: Regex | None
    now: datetime
    named: str = ""

    @property
    def text(self) -> str:
        return "*".join(self.pieces)


Reader: TypeAlias = Callable[[str, datetime], Number]


def status(text: str, now: datetime) -> int:
    if not re.fullmatch(r"[0-9]{3}", text):
        raise Expected("a status such as 404, 5xx, >=500 or 200..299")
    return int(text)


def milliseconds(text: str, now: datetime) -> float:
    found = DURATION.fullmatch(text)
    if found is None:
        raise Expected("a time such as 800, 800ms, 1.5s, 2m or 1h")
    return float(found[1]) * MS[(found[2] or "ms").lower()]


def size(text: str, now: datetime) -> int:
    found = SIZE.fullmatch(text)
    if found is None:
        raise Expected("a size such as 512, 10k, 1.5M or 1G")
    base = 1024 if found[3] else 1000
    factor: int = base ** POWERS.get((found[2] or "").lower(), 0)
    return min(math.ceil(Decimal(found[1]) * factor), MAX_BYTES)


def count(text: str, now: datetime) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Expected("a whole number")
    return int(text)


def number(text: str, now: datetime) -> Decimal:
    if not DECIMAL.fullmatch(text):
        raise Expected("a number such as 3, -2.5 or >=100")
    return Decimal(text)


def moment(text: str, now: datetime) -> datetime:
    """So long ago, a day (UTC) or a time."""
    try:
        made = _moment(text, now)
    except (ValueError, OverflowError):
        raise Expected(
            "how long ago, such as 30m, 1h or 7d, or a time such as 2026-11-24 or "
            "2026-11-24T13:00:00Z"
        ) from None
    if not FIRST_YEAR <= made.year <= LAST_YEAR:
        raise Expected(f"a time from {FIRST_YEAR} to {LAST_YEAR}")
    return made


def _moment(text: str, now: datetime) -> datetime:
    if text.lower() == "now":
        return now
    if text.lower() in ("today", "yesterday"):
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=text.lower() == "yesterday")
    if DURATION.fullmatch(text) and not text.isdigit():
        return now - timedelta(milliseconds=milliseconds(text, now))
    if DATE.fullmatch(text):
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    return times.parse(text)
