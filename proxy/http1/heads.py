"""Heads: what their bytes say, by the grammar of RFC 9112 and nothing besides.

A head is text of latin-1, which loses no byte. Its fields are found by one pattern;
were there anything beside them, their lengths would not add up to that of the head.
"""

import re
from typing import Final

from monitor.traffic.wire import TOKEN

# A line as it came, its name and its value; in wire order, repeats and case kept.
Line = tuple[str, str, str]
Lines = list[Line]

END: Final = b"\r\n\r\n"
TEXT: Final = r"[\t -~\x80-\xff]*"
LINE: Final = re.compile(rf"(({TOKEN}):[ \t]*({TEXT})\r\n)")
# RFC 9112 3.2: a fragment is not sent.
REQUEST: Final = re.compile(rf"({TOKEN}) ([!\"$-~\x80-\xff]+) HTTP/1\.([0-9])\r\n")
RESPONSE: Final = re.compile(rf"HTTP/1\.([0-9]) ([1-9][0-9][0-9])(?: ({TEXT}))?\r\n")
# RFC 9112 5.1: a proxy takes blanks before the colon out of a response.
BLANKS: Final = re.compile(rf"^({TOKEN})[ \t]+:", re.MULTILINE)
EMPTY_LINES: Final = re.compile(rb"\A(?:\r\n)+")
# Where one of these has come, no head can follow: a bare CR or LF, NUL, other controls.
NO_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r[^\n]|(?<!\r)\n")


class Malformed(Exception):
    """These bytes are not HTTP/1.1."""


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
    text = content.decode("latin-1")
    found = RESPONSE.match(text)
    if found is None:
        raise Malformed("the status line is none")
    minor, status, reason = found.groups()
    start = found.end()
    try:
        lines = _lines(text, start)
    except Malformed:
        text, start = BLANKS.sub(r"\1:", text[start:]), 0
        lines = _lines(text, start)
    return ResponseHead(int(status), reason or "", lines, is_http_1_0=minor == "0")


def lines_of(content: bytes) -> Lines:
    """Fields up to the empty line. Raises Malformed."""
    return _lines(content.decode("latin-1"), 0)


def line(name: str, value: str) -> Line:
    """A line that we write."""
    return (f"{name}: {value}\r\n", name, value)


def _lines(text: str, start: int) -> Lines:
    lines = LINE.findall(text, start)
    if start + sum([len(found[0]) for found in lines]) + 2 != len(text):
        raise Malformed("a line of the head is no field")
    if " \r\n" in text or "\t\r\n" in text:
        return [(raw, name, value.rstrip(" \t")) for raw, name, value in lines]
    return lines
