"""Heads of requests: found one after the other in what a client sends."""

from time import perf_counter
from typing import Final

from proxy.http1.heads import EMPTY_LINES, END, NO_TEXT, RequestLine, request_line
from proxy.http1.lines import Malformed
from proxy.http1.request import Request, RequestFields

# The lines of a head that is longer are read anew each time.
REMEMBERED_BYTES: Final = 4096


class Unreadable(Exception):
    """What came is no request that is taken; how that is answered."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class RequestHeads:
    """*held*: what came of a head that is not whole, or behind one that was."""

    __slots__ = ("_began", "_content", "_fields", "_most_bytes", "_most_fields", "held")

    def __init__(self, *, most_bytes: int, most_fields: int) -> None:
        self._most_bytes = most_bytes
        self._most_fields = most_fields
        self._began = 0.0
        # Of the last request, the second of the same: the next one has them, too.
        self._content = b""
        self._fields: RequestFields | None = None
        self.held = b""

    def take(self) -> bytes:
        """What is held."""
        held, self.held = self.held, b""
        return held

    def feed(self, data: bytes, peer: str) -> Request | None:
        """The next request of *peer*, once its head is whole. Raises Unreadable."""
        searched = len(self.held)
        if searched:
            data = self.held + data
            self.held = b""
        else:
            self._began = perf_counter()
        if data.startswith(b"\r\n"):
            # RFC 9112 2.2.
            data = EMPTY_LINES.sub(b"", data)
            searched = 0
        end = data.find(END, max(0, searched - 3)) + len(END)
        if end < len(END):
            self._hold(data, searched)
            return None
        if end > self._most_bytes:
            raise _too_large("the head is over HEAD_LIMIT_BYTES")
        most = self._most_fields + 2
        # A head that is not as long has no more.
        if end > most and data.count(b"\n", 0, end) > most:
            raise _too_large("the head has over HEAD_LIMIT_FIELDS fields")
        self.held = data[end:]
        try:
            return self._request(data[:end], peer)
        except Malformed as malformed:
            raise Unreadable(400, "malformed", str(malformed)) from None

    def _hold(self, data: bytes, searched: int) -> None:
        """It has not come whole."""
        if len(data) > self._most_bytes:
            raise _too_large("the head is over HEAD_LIMIT_BYTES")
        if NO_TEXT.search(data, max(0, searched - 1)):
            raise Unreadable(400, "malformed", "the request is not HTTP/1.1")
        self.held = data

    def _request(self, head: bytes, peer: str) -> Request:
        """Raises Malformed."""
        line_end = head.index(b"\r\n") + 2
        line, content = request_line(head[:line_end]), head[line_end:]
        return Request(line, self._read(line, content), peer=peer, began=self._began)

    def _read(self, line: RequestLine, content: bytes) -> RequestFields:
        """What came once is not kept: it would grow cold, and what is new beside it."""
        fields = self._fields
        is_known = content == self._content
        if is_known and fields is not None and fields.is_http_1_0 == line.is_http_1_0:
            return fields
        fields = RequestFields(content, is_http_1_0=line.is_http_1_0)
        self._fields = fields if is_known else None
        self._content = content if len(content) <= REMEMBERED_BYTES else b""
        return fields


def _too_large(detail: str) -> Unreadable:
    return Unreadable(431, "head_too_large", detail)
