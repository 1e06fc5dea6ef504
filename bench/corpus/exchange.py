"""A request as a client sends it, and the answer that is the right one."""

import gzip
from dataclasses import dataclass
from enum import StrEnum

# Where each sending puts what is its own. No head holds them otherwise.
HOST, ID = b"{host}", b"{id}"
# Of the answers: what nginx writes for each. A client sees it in X-Request-Id.
ANSWER_ID = b"$request_id"
CRLF = b"\r\n"


class Kind(StrEnum):
    """How the upstream gives an answer."""

    JSON = "json"
    GZIP = "gzip"
    TAGGED = "tagged"
    NOT_MODIFIED = "not-modified"
    COOKIE = "cookie"
    MOVED = "moved"
    MISSING = "missing"
    FAILED = "failed"
    ORDERED = "ordered"
    TAKEN = "taken"
    SIGNED_IN = "signed-in"
    UPLOADED = "uploaded"


STATUSES = {
    Kind.NOT_MODIFIED: 304,
    Kind.MOVED: 302,
    Kind.MISSING: 404,
    Kind.FAILED: 500,
    Kind.ORDERED: 201,
    Kind.TAKEN: 202,
    Kind.SIGNED_IN: 201,
    Kind.UPLOADED: 201,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """*content* is the body before its coding; ANSWER_ID in it differs each time."""

    kind: Kind
    content: bytes = b""

    @property
    def status(self) -> int:
        return STATUSES.get(self.kind, 200)

    @property
    def body(self) -> bytes:
        """As it passes."""
        if self.kind is Kind.GZIP:
            return gzip.compress(self.content, mtime=0)
        return b"" if self.kind is Kind.NOT_MODIFIED else self.content


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """*fields* in order, after Host; a value may hold `{id}`."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    answer: Answer

    @property
    def head(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: {host}"]
        lines += [f"{name}: {value}" for name, value in self.fields]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + CRLF + CRLF

    def request(self, host: str, id: str) -> bytes:
        """The bytes of one sending."""
        head = self.head.replace(HOST, host.encode()).replace(ID, id.encode())
        return head + self.body
