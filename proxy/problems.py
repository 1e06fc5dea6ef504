"""What the proxy itself answers, so that it cannot be mistaken for the upstream's."""

from http import HTTPStatus

import orjson

from monitor.exchange import Failure, FailureCode
from proxy.headers import Lines

STATUS_OF = {
    FailureCode.UPSTREAM_TIMEOUT: 504,
    FailureCode.CONNECT_TIMEOUT: 504,
    FailureCode.CLIENT_TIMEOUT: 408,
    FailureCode.CLIENT_MALFORMED: 400,
    FailureCode.LOOP: 508,
    FailureCode.INTERNAL: 500,
    FailureCode.SHUTDOWN: 503,
}


def problem(
    status: int, code: str, detail: str, *, is_head: bool, extra: Lines | None = None
) -> tuple[Lines, bytes]:
    """The header lines and the body of an RFC 9457 answer; a HEAD gets no body."""
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
        }
    )
    lines = [
        (b"Content-Type", b"application/problem+json"),
        (b"Content-Length", str(len(body)).encode()),
        (b"Cache-Control", b"no-store"),
        (b"X-Monitor-Error", code.encode()),
        *(extra or []),
    ]
    return lines, b"" if is_head else body


def status_of(failure: Failure) -> int:
    """502 unless the failure is one of time, of the client or of ours."""
    return STATUS_OF.get(failure.code, 502)


def head(status: int, reason: bytes, lines: Lines) -> bytes:
    """A response head as bytes; the fields go out as they are."""
    parts = [b"HTTP/1.1 %d %b\r\n" % (status, reason)]
    parts += [b"%b: %b\r\n" % line for line in lines]
    parts.append(b"\r\n")
    return b"".join(parts)


def reason(status: int) -> bytes:
    return HTTPStatus(status).phrase.encode()
