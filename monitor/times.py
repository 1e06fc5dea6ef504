"""Times, written and read: RFC 3339, UTC, milliseconds."""

import re
from datetime import UTC, datetime

RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?\Z"
)


def parse(text: str) -> datetime:
    """An aware UTC time, cut to milliseconds; no offset means UTC.

    Raises ValueError.
    """
    if not RFC_3339.match(text):
        raise ValueError("is no RFC 3339 time, such as 2026-11-24T13:00:00Z")
    try:
        moment = datetime.fromisoformat(text.upper().replace(",", "."))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        utc = aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no time that exists") from None
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def format(moment: datetime) -> str:
    """`2026-11-24T13:00:00.123Z`"""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"
