"""What a kept body says, and how it is shown."""

import json
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

import brotli
from backports import zstd

from monitor.exchange import Fields, HeaderObject

STEP_BYTES = 64 * 1024
PRETTY_LIMIT_CHARACTERS = 2 * 1024 * 1024
# A UTF-8 character has at most 4 bytes, so a cut one has at most 3.
LONGEST_CUT_TAIL = 3


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body without its content coding, as far as that went.

    *problem* says in a few words why it is not *complete*.
    """

    content: bytes
    complete: bool
    problem: str | None = None


class Kind(StrEnum):
    """What a body is, for the choice of how to show it."""

    EMPTY = "empty"
    JSON = "json"
    HTML = "html"
    XML = "xml"
    CSS = "css"
    JAVASCRIPT = "javascript"
    FORM = "form"
    MULTIPART = "multipart"
    EVENT_STREAM = "event stream"
    TEXT = "text"
    IMAGE = "image"
    BINARY = "binary"


def decoded(
    content: bytes, coding: str | None, *, limit: int, truncated: bool = False
) -> Decoded:
    """Undo *coding* (RFC 9110 8.4), a list in the order applied; at most *limit* bytes.

    What was cut gives as much as can be decoded of it. Never raises.
    """
    complete, problem = not truncated, "it was cut" if truncated else None
    for name in reversed(_codings(coding)):
        make = CODINGS.get(name)
        if make is None:
            return Decoded(content, False, f"{name} is no coding known here")
        content, problem = _undo(make(content), content, limit)
        complete = complete and problem is None
    return Decoded(content[:limit], complete, problem)


def as_text(content: bytes, *, truncated: bool = False) -> str | None:
    """*content* as text, None if it is none: no UTF-8, or with a NUL in it.

    Of truncated content, a character cut at the end is left out.
    """
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if truncated and len(content) - error.start <= LONGEST_CUT_TAIL:
            return content[: error.start].decode("utf-8")
        return None


def field_value(headers: Fields | HeaderObject, name: str) -> str | None:
    """The value of a field, whatever its case; repeats joined (RFC 9110 5.3)."""
    wanted = name.lower()
    pairs = headers.items() if isinstance(headers, dict) else headers
    values: list[str] = []
    for field, value in pairs:
        if field.lower() == wanted:
            values += map(str, value) if isinstance(value, list) else [str(value)]
    return ", ".join(values) if values else None


def kind_of(content_type: str | None, content: bytes) -> Kind:
    """What *content* is, by its declared type, else by its look."""
    if not content:
        return Kind.EMPTY
    declared = (content_type or "").split(";", 1)[0].strip().lower()
    for pattern, kind in KINDS:
        if pattern.fullmatch(declared):
            return kind
    if not as_text(content, truncated=True):
        return Kind.BINARY
    if not declared and content.lstrip()[:1] in (b"{", b"["):
        return Kind.JSON
    return Kind.TEXT


def pretty(kind: Kind, text: str) -> str:
    """*text* laid out for reading; unchanged where its kind has no layout."""
    if len(text) > PRETTY_LIMIT_CHARACTERS:
        return text
    match kind:
        case Kind.JSON:
            return _pretty_json(text)
        case Kind.FORM:
            return "\n".join(f"{n} = {v}" for n, v in parse_qsl(text, True)) or text
        case _:
            return text


def hexdump(content: bytes, *, limit: int = 4096) -> str:
    """Offset, 16 bytes and their ASCII a line, as `hexdump -C` prints them."""
    lines = []
    for offset in range(0, min(len(content), limit), 16):
        row = content[offset : min(offset + 16, limit)]
        digits = " ".join(f"{byte:02x}" for byte in row)
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{offset:08x}  {digits:<47}  |{shown}|")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of JSON, written again as it was spelled."""

    spelling: str


def load_json(text: str) -> Any:
    """JSON with its numbers as spelled. Raises ValueError, also for deep nesting."""
    try:
        return json.loads(
            text, parse_float=Number, parse_int=Number, parse_constant=_no_constant
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def dump_json(value: Any, *, indent: str = "", line: str = "") -> str:
    """What *load_json* gave, as JSON; laid out where *line* begins with a break."""
    match value:
        case Number():
            return value.spelling
        case dict() if value:
            colon = ": " if line else ":"
            deeper = line + indent
            items = (
                f"{_quoted(name)}{colon}{dump_json(item, indent=indent, line=deeper)}"
                for name, item in value.items()
            )
            return _joined("{", items, "}", indent, line)
        case list() if value:
            inner = (
                dump_json(item, indent=indent, line=line + indent) for item in value
            )
            return _joined("[", inner, "]", indent, line)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _joined(begin: str, items: Iterable[str], end: str, indent: str, line: str) -> str:
    deeper = line + indent
    return f"{begin}{deeper}{f',{deeper}'.join(items)}{line}{end}"


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _pretty_json(text: str) -> str:
    try:
        return dump_json(load_json(text), indent="  ", line="\n")
    except (ValueError, RecursionError):
        return text


def _codings(coding: str | None) -> list[str]:
    names = (name.strip().lower() for name in (coding or "").split(","))
    return [name for name in names if name and name != "identity"]


Feed = Callable[[bytes, int], tuple[bytes, bool]]


def _undo(feed: Feed, content: bytes, limit: int) -> tuple[bytes, str | None]:
    """Decode step by step, so that a bomb is left at *limit*."""
    made = bytearray()
    pending = content
    try:
        while len(made) < limit:
            piece, is_over = feed(pending, min(STEP_BYTES, limit - len(made)))
            pending = b""
            made += piece
            if is_over:
                return bytes(made), None
            if not piece:
                return bytes(made), "it was cut"
    except (zlib.error, brotli.error, zstd.ZstdError, EOFError, ValueError):
        return bytes(made), "it is damaged"
    return bytes(made), "it is longer than what is shown"


def _zlib(window_bits: int) -> Feed:
    decompressor = zlib.decompressobj(window_bits)

    def feed(data: bytes, limit: int) -> tuple[bytes, bool]:
        piece = decompressor.decompress(decompressor.unconsumed_tail + data, limit)
        return piece, decompressor.eof

    return feed


def _gzip(content: bytes) -> Feed:
    return _zlib(zlib.MAX_WBITS | 16)


def _deflate(content: bytes) -> Feed:
    """With zlib's header, as RFC 9110 8.4.1.2 says, or raw, as some send it."""
    has_header = content[:1] and content[0] & 0x0F == 8 and len(content) > 1
    is_zlib = has_header and int.from_bytes(content[:2], "big") % 31 == 0
    return _zlib(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


def _brotli(content: bytes) -> Feed:
    decompressor = brotli.Decompressor()

    def feed(data: bytes, limit: int) -> tuple[bytes, bool]:
        piece = decompressor.process(data, output_buffer_limit=limit)
        return piece, decompressor.is_finished()

    return feed


def _zstd(content: bytes) -> Feed:
    decompressor = zstd.ZstdDecompressor()

    def feed(data: bytes, limit: int) -> tuple[bytes, bool]:
        piece = decompressor.decompress(data, limit)
        return piece, decompressor.eof

    return feed


CODINGS: dict[str, Callable[[bytes], Feed]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
KINDS = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"application/json|.*\+json|text/json", Kind.JSON),
        (r"text/html|application/xhtml\+xml", Kind.HTML),
        (r"image/svg\+xml|application/xml|text/xml|.*\+xml", Kind.XML),
        (r"text/css", Kind.CSS),
        (r"(text|application)/(x-)?(java|ecma)script", Kind.JAVASCRIPT),
        (r"application/x-www-form-urlencoded", Kind.FORM),
        (r"multipart/.*", Kind.MULTIPART),
        (r"text/event-stream", Kind.EVENT_STREAM),
        (r"image/.*", Kind.IMAGE),
    )
)
