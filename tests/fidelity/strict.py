"""Whether bytes are an HTTP/1.1 message, by the grammar of RFC 9112 and no leniency."""

import re
from dataclasses import dataclass
from typing import TypeAlias

Fields: TypeAlias = tuple[tuple[bytes, bytes], ...]

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(rb"(%b) ([^\x00-\x20\x7f#]+) HTTP/1\.[0-9]" % TOKEN)
STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9]{2}) [\t\x20-\x7e\x80-\xff]*")
FIELD_LINE = re.compile(rb"(%b):([^\x00\r\n]*)" % TOKEN)
QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
EXTENSION = rb"[ \t]*;[ \t]*%b(?:[ \t]*=[ \t]*(?:%b|%b))?" % (TOKEN, TOKEN, QUOTED)
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:%b)*" % EXTENSION)
HOST = re.compile(rb"[^\x00-\x20\"/?#@<>\\^`{|},\x7f]*")
NO_BODY = frozenset({204, 304})


class Malformed(Exception):
    """No HTTP message begins so."""


class Incomplete(Exception):
    """The beginning of a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """*size* is what it takes of the bytes; *chunks* is None where it has no chunks."""

    start: bytes
    fields: Fields
    body: bytes
    chunks: tuple[bytes, ...] | None
    trailers: Fields
    size: int

    def values(self, name: bytes) -> list[bytes]:
        lower = name.lower()
        return [value for field, value in self.fields if field.lower() == lower]

    @property
    def names(self) -> frozenset[bytes]:
        return frozenset(name.lower() for name, _ in self.fields)

    @property
    def method(self) -> bytes:
        return self.start.split(b" ")[0]

    @property
    def target(self) -> bytes:
        return self.start.split(b" ")[1]

    @property
    def status(self) -> int:
        return int(self.start.split(b" ")[1])


def read_request(raw: bytes) -> Message:
    """The request that *raw* begins with. Raises Malformed, Incomplete."""
    start, fields, size = _head(raw)
    if not REQUEST_LINE.fullmatch(start):
        raise Malformed(f"request line {start!r}")
    hosts = _values(fields, b"host")
    if len(hosts) > 1 or (not hosts and start.endswith(b"1.1")):
        raise Malformed(f"{len(hosts)} Host fields")
    if hosts and not HOST.fullmatch(hosts[0]):
        raise Malformed(f"Host {hosts[0]!r}")
    length = _length(start.endswith(b"1.0"), fields)
    return _whole(raw, start, fields, size, length=length or 0)


def read_response(raw: bytes, *, method: bytes, is_over: bool) -> Message:
    """The response that *raw* begins with; *is_over*: nothing follows *raw*."""
    start, fields, size = _head(raw)
    found = STATUS_LINE.fullmatch(start)
    if not found:
        raise Malformed(f"status line {start!r}")
    status = int(found[1])
    length = _length(start.startswith(b"HTTP/1.0"), fields)
    if status < 200 or status in NO_BODY or method == b"HEAD":
        return _bare(start, fields, size)
    if length is None and not _values(fields, b"transfer-encoding"):
        if not is_over:
            raise Incomplete("a body that ends with the connection")
        length = len(raw) - size
    return _whole(raw, start, fields, size, length=length or 0)


def _head(raw: bytes) -> tuple[bytes, Fields, int]:
    end = raw.find(b"\r\n\r\n")
    head = raw if end < 0 else raw[:end]
    lines = head.split(b"\r\n")
    for line in lines if end >= 0 else lines[:-1]:
        if re.search(rb"[\r\n\x00]", line):
            raise Malformed(f"a bare CR, LF or NUL in {line[:80]!r}")
    if end < 0:
        raise Incomplete(f"{len(raw)} bytes of a head")
    return lines[0], _fields(lines[1:]), end + 4


def _fields(lines: list[bytes]) -> Fields:
    found = []
    for line in lines:
        matched = FIELD_LINE.fullmatch(line)
        if not matched:
            raise Malformed(f"field line {line[:80]!r}")
        found.append((matched[1], matched[2].strip(b" \t")))
    return tuple(found)


def _values(fields: Fields, name: bytes) -> list[bytes]:
    return [value for field, value in fields if field.lower() == name]


def _length(is_http_1_0: bool, fields: Fields) -> int | None:
    """Content-Length; None without one. Raises Malformed where two may differ on it."""
    codings = _values(fields, b"transfer-encoding")
    lengths = _values(fields, b"content-length")
    if codings:
        known = [coding.lower() for coding in codings] == [b"chunked"]
        if not known or lengths or is_http_1_0:
            raise Malformed(f"framed by {codings!r}, {lengths!r}")
        return None
    if len(lengths) > 1 or any(not value.isdigit() for value in lengths):
        raise Malformed(f"Content-Length {lengths!r}")
    if lengths and int(lengths[0]) >= 2**63:
        raise Malformed("a Content-Length beyond 2^63")
    return int(lengths[0]) if lengths else None


def _bare(start: bytes, fields: Fields, size: int) -> Message:
    return Message(
        start=start, fields=fields, body=b"", chunks=None, trailers=(), size=size
    )


def _whole(
    raw: bytes, start: bytes, fields: Fields, size: int, *, length: int
) -> Message:
    chunks, trailers = None, Fields()
    if _values(fields, b"transfer-encoding"):
        chunks, trailers, size = _chunked(raw, size)
        body = b"".join(chunks)
    else:
        body = raw[size : size + length]
        size += length
        if len(raw) < size:
            raise Incomplete(f"{len(body)} bytes of {length}")
    return Message(
        start=start,
        fields=fields,
        body=body,
        chunks=chunks,
        trailers=trailers,
        size=size,
    )


def _chunked(raw: bytes, at: int) -> tuple[tuple[bytes, ...], Fields, int]:
    chunks = []
    while True:
        line, at = _line(raw, at)
        matched = CHUNK_LINE.fullmatch(line)
        if not matched:
            raise Malformed(f"chunk line {line[:80]!r}")
        size = int(matched[1], 16)
        if size == 0:
            break
        if len(raw) < at + size + 2:
            raise Incomplete("within a chunk")
        if raw[at + size : at + size + 2] != b"\r\n":
            raise Malformed("no line end after a chunk")
        chunks.append(raw[at : at + size])
        at += size + 2
    lines: list[bytes] = []
    while True:
        line, at = _line(raw, at)
        if not line:
            return tuple(chunks), _fields(lines), at
        lines.append(line)


def _line(raw: bytes, at: int) -> tuple[bytes, int]:
    end = raw.find(b"\r\n", at)
    line = raw[at:] if end < 0 else raw[at:end]
    if re.search(rb"[\n\x00]", line) or b"\r" in line[:-1]:
        raise Malformed(f"a bare CR, LF or NUL in {line[:80]!r}")
    if end < 0:
        raise Incomplete("within a line")
    return line, end + 2
