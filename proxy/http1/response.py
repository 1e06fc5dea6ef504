"""Answers: how an upstream's is framed and meant (RFC 9112 6.3)."""

from typing import Final

from proxy.http1 import headers
from proxy.http1.bodies import Body, Chunked, Sized, Sliced, Take, UntilClose
from proxy.http1.headers import Named
from proxy.http1.heads import ResponseHead
from proxy.http1.lines import Malformed

NO_BODY_STATUSES: Final = frozenset({204, 304})


class Answer:
    """*length* is None where the body is chunked, or ends with the connection."""

    __slots__ = (
        "has_body",
        "is_chunked",
        "is_http_1_0",
        "length",
        "lines",
        "named",
        "options",
        "passed",
        "reason",
        "status",
    )

    def __init__(self, head: ResponseHead, *, method: str) -> None:
        """Raises Malformed where the body's length is ambiguous."""
        self.status = head.status
        self.reason = head.reason
        self.lines = head.lines
        self.is_http_1_0 = head.is_http_1_0
        self.named: Named = headers.named(head.lines)
        self.options = headers.options(self.named)
        # What goes on of its lines, where that is the same for every client.
        self.passed: bytes | None = None
        self.has_body = (
            method != "HEAD"
            and head.status >= 200
            and head.status not in NO_BODY_STATUSES
        )
        self.is_chunked = False
        self.length: int | None = None
        codings = self.named.get("transfer-encoding")
        lengths = self.named.get("content-length")
        if codings:
            self._note_codings(codings, lengths)
        elif lengths:
            if len(lengths) > 1 or not headers.LENGTH.fullmatch(lengths[0]):
                raise Malformed("its length is ambiguous")
            self.length = int(lengths[0])
            self.has_body = self.has_body and self.length > 0

    @property
    def is_interim(self) -> bool:
        return self.status < 200 and self.status != 101

    @property
    def is_event_stream(self) -> bool:
        found = self.named.get("content-type")
        return found is not None and found[0].lower().startswith("text/event-stream")

    @property
    def ends_with_connection(self) -> bool:
        return self.has_body and self.length is None and not self.is_chunked

    @property
    def keeps_alive(self) -> bool:
        """Whether the sender will take another request."""
        return headers.keeps_alive(self.options, self.is_http_1_0)

    def body(self, take: Take) -> Body | None:
        if not self.has_body:
            return None
        body: Chunked | UntilClose | Sized
        if self.is_chunked:
            body = Chunked(take)
        elif self.length is None:
            body = UntilClose(take)
        else:
            body = Sized(self.length, take)
        return Sliced(body) if self.is_event_stream else body

    def _note_codings(self, codings: list[str], lengths: list[str] | None) -> None:
        known = headers.is_chunked(codings)
        if lengths or self.is_http_1_0 or not known:
            raise Malformed("its length is ambiguous")
        self.is_chunked = True
