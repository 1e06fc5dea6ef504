"""Heads: what their bytes say, by the grammar of RFC 9112 and nothing besides.

What is looked at is text of latin-1, which loses no byte.
"""

import re
from functools import lru_cache
from typing import Final

from monitor.traffic.line import Lines
from monitor.traffic.wire import TOKEN
from proxy.http1.lines import KNOWN, Malformed

END: Final = b"\r\n\r\n"
TEXT: Final = r"[\t -~\x80-\xff]*"
# RFC 9112 3.2: a fragment is not sent.
REQUEST: Final = re.compile(rf"({TOKEN}) ([!\"$-~\x80-\xff]+) HTTP/1\.([0-9])\r\n")
RESPONSE: Final = re.compile(rf"HTTP/1\.([0-9]) ([1-9][0-9][0-9])(?: ({TEXT}))?\r\n")
# RFC 9112 5.1: a proxy takes blanks before the colon out of a response.
BLANKS: Final = re.compile(rf"^({TOKEN})[ \t]+:".encode(), re.MULTILINE)
EMPTY_LINES: Final = re.compile(rb"\A(?:\r\n)+")
# Where one of these has come, no head can follow: a bare CR or LF, NUL, other controls.
NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r[^\n]|(?<!\r)\n")


class RequestLine:
    __slots__ = ("is_http_1_0", "method", "target")

    def __init__(self, method: str, target: str, *, is_http_1_0: bool) -> None:
        self.method = method
        self.target = target
        self.is_http_1_0 = is_http_1_0


class ResponseHead:
    __slots__ = ("is_http_1_0", "lines", "reason", "status")

    def __init__(
        self, status: int, reason: str, lines: Lines, *, is_http_1_0: bool
    ) -> None:
        self.status = status
        self.reason = reason
        self.lines = lines
        self.is_http_1_0 = is_http_1_0


def request_line(content: bytes) -> RequestLine:
    """*content* ends with the line. Raises Malformed."""
    found = REQUEST.fullmatch(content.decode("latin-1"))
    if found is None:
        raise Malformed("the request line is none")
    method, target, minor = found.groups()
    return RequestLine(method, target, is_http_1_0=minor == "0")


def response_head(content: bytes) -> ResponseHead:
    """*content* ends with the empty line. Raises Malformed."""
    line_end = content.index(b"\r\n") + 2
    status, reason, is_http_1_0 = _status_line(content[:line_end])
    fields = content[line_end:]
    try:
        lines = KNOWN.of(fields)
    except Malformed:
        lines = KNOWN.of(BLANKS.sub(rb"\1:", fields))
    return ResponseHead(status, reason, lines, is_http_1_0=is_http_1_0)


# There are few.
@lru_cache(maxsize=256)
def _status_line(content: bytes) -> tuple[int, str, bool]:
    found = RESPONSE.fullmatch(content.decode("latin-1"))
    if found is None:
        raise Malformed("the status line is none")
    minor, status, reason = found.groups()
    return int(status), reason or "", minor == "0"
