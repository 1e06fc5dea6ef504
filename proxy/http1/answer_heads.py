"""Heads of answers: found one after the other in what an upstream sends."""

from time import perf_counter
from typing import Final

from proxy.http1.heads import END, NO_TEXT, response_head
from proxy.http1.lines import Malformed
from proxy.http1.response import Answer

BEGINNING: Final = b"HTTP/1."
# A longer head is read anew each time.
REMEMBERED_BYTES: Final = 4096


class AnswerHeads:
    """*began*: when the first bytes of the last head came; 0.0 where none did.

    Its Malformed say all that is to be told of an upstream.
    """

    __slots__ = (
        "_head",
        "_known",
        "_method",
        "_most_bytes",
        "_most_fields",
        "_read_for",
        "_searched",
        "began",
        "held",
    )

    def __init__(self, *, most_bytes: int, most_fields: int) -> None:
        self._most_bytes = most_bytes
        self._most_fields = most_fields
        # The last one, for which method it was read, and, where it is the second of the
        # same, what it says.
        self._head = b""
        self._read_for = ""
        self._known: Answer | None = None
        self.begin("")

    def begin(self, method: str) -> None:
        """What comes now answers another request."""
        self._method = method
        # What came and is not read, and how much of it is known to hold no end.
        self.held = b""
        self._searched = 0
        self.began = 0.0

    def add(self, data: bytes) -> None:
        if self.held:
            self.held += data
        else:
            self.held = data
            self.began = perf_counter()

    def take(self) -> bytes:
        """What came behind the heads that were read."""
        held, self.held = self.held, b""
        return held

    def next(self) -> Answer | None:
        """What the next head says, once it is whole. Raises Malformed."""
        data = self.held
        if not data:
            return None
        end = data.find(END, self._searched) + len(END)
        if end < len(END):
            self._check_unfinished(data)
            self._searched = max(len(data) - len(END) + 1, 0)
            return None
        self._searched = 0
        if end > self._most_bytes:
            raise Malformed("its head is too large")
        self.held = data[end:]
        return self._read(data[:end])

    def _read(self, head: bytes) -> Answer:
        """The last one again, where its bytes are the same; what came once is not kept:
        it would grow cold, and what is new beside it."""
        is_known = head == self._head and self._method == self._read_for
        if is_known and self._known is not None:
            return self._known
        try:
            most = self._most_fields + 2
            # A head that is not as long has no more.
            if len(head) > most and head.count(b"\n") > most:
                raise Malformed("its head has over HEAD_LIMIT_FIELDS fields")
            answer = Answer(response_head(head), method=self._method)
        except Malformed as malformed:
            raise Malformed(f"its answer is not HTTP: {malformed}") from None
        self._known = answer if is_known else None
        self._head = head if len(head) <= REMEMBERED_BYTES else b""
        self._read_for = self._method
        return answer

    def _check_unfinished(self, data: bytes) -> None:
        if not BEGINNING.startswith(data[: len(BEGINNING)]):
            raise Malformed("its answer is not HTTP")
        if len(data) > self._most_bytes:
            raise Malformed("its head is too large")
        if NO_TEXT.search(data, max(0, self._searched - 1)):
            raise Malformed("its head is outside of the grammar, as a bare LF")
