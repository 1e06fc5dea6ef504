"""How an upstream's response is framed (RFC 9112 6.3)."""

from dataclasses import dataclass

from proxy.headers import Lines, options, values

NO_BODY_STATUSES = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """*length* is None where the body is chunked, or ends with the connection.

    *coding* is Transfer-Encoding as it came where the body is chunked, else empty.
    """

    status: int
    reason: bytes
    lines: Lines
    length: int | None
    coding: bytes
    has_body: bool

    @property
    def is_interim(self) -> bool:
        return self.status < 200 and self.status != 101

    @property
    def ends_with_connection(self) -> bool:
        return self.has_body and self.length is None and not self.coding


def response_head(
    status: int, reason: bytes, lines: Lines, *, method: str
) -> ResponseHead:
    """The parser has refused what is ambiguous."""
    length: int | None = None
    coding = b""
    for name, value in lines:
        lower = name.lower()
        if lower == b"content-length":
            length = int(value)
        elif lower == b"transfer-encoding":
            coding = value.strip()
    may_have_body = method != "HEAD" and status >= 200
    has_body = may_have_body and status not in NO_BODY_STATUSES and length != 0
    if coding.lower().endswith(b"chunked"):
        length = None
    else:
        coding = b""
    return ResponseHead(status, reason, lines, length, coding, has_body)


def keeps_alive(lines: Lines, *, version: str) -> bool:
    """Whether the sender will take another request (RFC 9112 9.3)."""
    named = options(lines) if values(lines, b"connection") else frozenset()
    if b"close" in named:
        return False
    return version == "1.1" or b"keep-alive" in named
