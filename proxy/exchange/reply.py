"""Replies: what a client is written of an answer, or of a failure, as bytes."""

from monitor.traffic.exchange import Failure
from monitor.traffic.ids import text_of
from proxy.exchange.capture import Capture
from proxy.http1 import problems
from proxy.http1.bodies import Take
from proxy.http1.response import Answer
from proxy.routing import forwarding


class Reply:
    """To the request of *capture*; *cookie* is the app's own session's.

    *keeps_alive*: whether the client may ask again behind it, as far as is known.
    """

    __slots__ = (
        "_capture",
        "_cookie",
        "_is_trusted",
        "_request",
        "_unframed",
        "keeps_alive",
    )

    def __init__(self, capture: Capture, *, cookie: str, is_trusted: bool) -> None:
        self._capture = capture
        self._request = capture.request
        self._cookie = cookie
        self._is_trusted = is_trusted
        self.keeps_alive = capture.request.keeps_alive
        # Content for a client that cannot read chunks.
        self._unframed: list[bytes] | None = None

    def interim(self, answer: Answer) -> bytes:
        """RFC 9110 15.2: 1xx, but not to an HTTP/1.0 client."""
        if self._request.is_http_1_0:
            return b""
        routed = self._capture.routed
        return forwarding.interim_head(answer, routed, cookie=self._cookie)

    def take_of(self, answer: Answer) -> Take:
        """Who is to have the content of its body."""
        capture, request = self._capture, self._request
        if request.is_http_1_0 and answer.is_chunked and answer.has_body:
            # It cannot read chunks: the body's end is then the connection's.
            self._unframed = []
            self.keeps_alive = False
            return self._keep_unframed
        return capture.response_copy.add if capture.tap is None else capture.received

    def head(self, answer: Answer) -> bytes:
        capture = self._capture
        return forwarding.answer_head(
            answer,
            self._request,
            capture.routed,
            extra=self._own_lines(),
            cookie=self._cookie,
            is_trusted=self._is_trusted,
        )

    def body(self, piece: bytes) -> bytes:
        """*piece*, framed as the client can read it."""
        unframed = self._unframed
        if unframed is None:
            return piece
        content = b"".join(unframed)
        unframed.clear()
        return content

    def switch(self, answer: Answer) -> bytes:
        """101, behind which there is no other reply."""
        self.keeps_alive = False
        routed, extra = self._capture.routed, self._log_id()
        return forwarding.switch_head(answer, routed, extra=extra, cookie=self._cookie)

    def problem(self, failure: Failure, status: int) -> bytes:
        """An answer of our own."""
        is_head = self._request.method == "HEAD"
        lines, body = problems.problem(
            status, failure.code, failure.text, is_head=is_head
        )
        return problems.answer(status, lines + self._own_lines(), body)

    def _own_lines(self) -> str:
        lines = self._log_id()
        if not self.keeps_alive:
            return f"{lines}{problems.CLOSE}"
        if self._request.is_http_1_0:
            return f"{lines}Connection: keep-alive\r\n"
        return lines

    def _log_id(self) -> str:
        if not self._capture.routed.service.expose_log_id:
            return ""
        return f"X-Monitor-Log-Id: {text_of(self._capture.id)}\r\n"

    def _keep_unframed(self, piece: bytes) -> None:
        self._capture.received(piece)
        assert self._unframed is not None
        self._unframed.append(piece)
