"""Problems: what the proxy itself answers, not to be taken for the upstream's."""

from http import HTTPStatus
from typing import Final

import orjson

from monitor.traffic.exchange import Failure, FailureCode

CLOSE: Final = "Connection: close\r\n"
STATUS_OF: Final = {
    FailureCode.UPSTREAM_TIMEOUT: 504,
    FailureCode.CONNECT_TIMEOUT: 504,
    FailureCode.CLIENT_TIMEOUT: 408,
    FailureCode.CLIENT_MALFORMED: 400,
    FailureCode.LOOP: 508,
    FailureCode.INTERNAL: 500,
    FailureCode.SHUTDOWN: 503,
    FailureCode.NO_DESCRIPTORS: 503,
}


def problem(status: int, code: str, detail: str, *, is_head: bool) -> tuple[str, bytes]:
    """The header lines and the body of an RFC 9457 answer; a HEAD gets no body."""
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
        }
    )
    lines = (
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        f"X-Monitor-Error: {code}\r\n"
    )
    return lines, b"" if is_head else body


def status_of(failure: Failure) -> int:
    """502 unless the failure is one of time, of the client or of ours."""
    return STATUS_OF.get(failure.code, 502)


def answer(status: int, lines: str, body: bytes) -> bytes:
    """An answer of our own as bytes."""
    phrase = HTTPStatus(status).phrase
    return f"HTTP/1.1 {status} {phrase}\r\n{lines}\r\n".encode("latin-1") + body
