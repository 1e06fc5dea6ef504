"""Little work: what is done at once, on the loop that serves."""

from collections.abc import Iterable

from monitor.content.body import decoded, field_value
from monitor.logs.log import StoredBody
from monitor.traffic.exchange import BodyState
from monitor.traffic.fields import Fields, HeaderObject

# Decoded, encoded and sent in about a millisecond; laid out in a few.
LITTLE_BYTES = 64 * 1024
LITTLE_MARKS = 1_000
# Compared in a few milliseconds, however far apart they are.
COMPARED_BYTES = 4 * 1024
COMPARED_MARKS = 64
# What is coded may be far more, and each member of it costs too.
CODED_BYTES = 8 * 1024
# Between any two values, lines, fields or parts stands one of these.
MARKS = (b",", b"[", b"{", b"&", b"\n", b"\r", b"\v", b"\f", b"\x1c", b"\x1d", b"\x1e")
WIDE_BREAKS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")

Kept = tuple[StoredBody, Fields | HeaderObject]


def are_little(
    bodies: Iterable[Kept],
    *,
    most_bytes: int = LITTLE_BYTES,
    most_marks: int | None = None,
) -> bool:
    """Whether all of them together are, once decoded; *most_marks*: laid out, too."""
    size = marks = 0
    for stored, headers in bodies:
        content = _plain(stored, headers, most_bytes)
        if content is None:
            return False
        size += len(content)
        if size > most_bytes:
            return False
        if most_marks is not None:
            marks += sum(content.count(mark) for mark in (*MARKS, *WIDE_BREAKS))
            if marks > most_marks:
                return False
    return True


def _plain(
    stored: StoredBody, headers: Fields | HeaderObject, most: int
) -> bytes | None:
    """What is kept without its coding; None where to know would take long."""
    content = stored.content or b""
    is_plain = stored.is_plain or isinstance(headers, dict)
    if is_plain or stored.state is not BodyState.KEPT:
        return content
    coding = field_value(headers, "content-encoding")
    if coding is None or len(content) > most:
        return content
    if len(content) > CODED_BYTES:
        return None
    return decoded(content, coding, limit=most + 1).content
