"""A captured body: what it says, and how it is shown."""

import re
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import brotli
from isal import isal_zlib

from monitor.traffic.fields import Headers, HeadFields

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

STEP_BYTES: Final = 64 * 1024
MAX_CODINGS: Final = 4
# Each member of a gzip (RFC 1952 2.2) or frame of zstd copies what is left of the body.
MAX_MEMBERS: Final = 1000
# RFC 1952 2.3: of a gzip without further fields in its head.
GZIP_BEGINS: Final = b"\x1f\x8b\x08\0"
# RFC 9659: the largest window that a sender of the coding may use, 8 MiB.
ZSTD_WINDOW_LOG: Final = 23
CUT, DAMAGED = "it was cut", "it is damaged"
TOO_LONG: Final = "it is longer than what is shown"
# Of aws-chunked the frames are text around the content, which is not coded itself.
NO_CODING: Final = re.compile(
    r"|identity|none|null|no|off|false|plain|text|raw|binary|[78]bit|aws-chunked|chunked"
    r"|utf-?(?:8|16|32)(?:-?[bl]e)?|(?:us-)?ascii|iso-?8859-?[0-9]{1,2}|latin-?[0-9]"
    r"|(?:windows|cp)-?[0-9]{3,4}|shift[-_]jis|euc-(?:jp|kr)|gbk|gb2312|gb18030|big5"
    r"|koi8-[ru]"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body without its content coding, as far as that went.

    *problem* says in a few words why it is not *complete*. *made* and *members* are
    the work it took: bytes that each of its codings gave, and parts coded on their own.
    """

    content: bytes
    complete: bool
    problem: str | None = None
    made: int = 0
    members: int = 0


class BodyKind(StrEnum):
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
    content: bytes,
    coding: str | None,
    *,
    limit: int,
    truncated: bool = False,
    most_members: int = MAX_MEMBERS,
    wholly: bool = False,
) -> Decoded:
    """Undo *coding* (RFC 9110 8.4), a list in the order applied; at most *limit* bytes,
    and *most_members* parts that were coded on their own. *wholly*: what is too long
    between two codings is left there, and what is wide is not begun.

    What was cut gives as much as can be decoded of it. Never raises.
    """
    names = _codings(coding) if content else []
    if len(names) > MAX_CODINGS:
        return Decoded(content[:limit], False, "it has too many codings")
    problem = CUT if truncated else None
    made, members = 0, 0
    for name in reversed(names):
        make = CODINGS.get(name)
        if make is None:
            unknown = f"{name} is no coding known here"
            return Decoded(content[:limit], False, unknown, made, members)
        if wholly and name == "br" and is_wide(content):
            return Decoded(b"", False, TOO_LONG, made, members)
        content, found, more = _undo(make, content, limit, most_members - members)
        # What is cut at the limit looks damaged to the next coding.
        problem = problem if problem == TOO_LONG else found or problem
        made += len(content)
        members += more
        if wholly and problem == TOO_LONG:
            break
    if len(content) > limit:
        return Decoded(content[:limit], False, TOO_LONG, made, members)
    return Decoded(content, problem is None, problem, made, members)


def as_text(content: bytes, *, truncated: bool = False) -> str | None:
    """*content* as text, None if it is none: no UTF-8, or with a NUL in it.

    Of truncated content, a character cut at the end is left out.
    """
    # `in` asks first whether it is a number, which fails slowly.
    if content.find(b"\0") >= 0:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if truncated and error.reason == "unexpected end of data":
            return content[: error.start].decode("utf-8")
        return None


def is_text(content: bytes) -> bool:
    """Whether *as_text* gives one: most of it is seen to be, without being decoded."""
    if content.isascii():
        return content.find(b"\0") < 0
    return as_text(content) is not None


def field_value(headers: Headers, name: str) -> str | None:
    """The value of a field, whatever its case; repeats joined (RFC 9110 5.3)."""
    wanted = name.lower()
    if isinstance(headers, HeadFields):
        said = [line.value for line in headers.lines if line.lower == wanted]
        return ", ".join(said) if said else None
    pairs = headers.items() if isinstance(headers, dict) else headers
    values: list[str] = []
    for field, value in pairs:
        if value is not None and field.lower() == wanted:
            values += map(str, value) if isinstance(value, list) else [str(value)]
    return ", ".join(values) if values else None


def kind_of(content_type: str | None, content: bytes) -> BodyKind:
    """What *content* is, by its declared type, else by its look."""
    if not content:
        return BodyKind.EMPTY
    declared = (content_type or "").split(";", 1)[0].strip().lower()
    for pattern, kind in KINDS:
        if pattern.fullmatch(declared):
            return kind
    if not as_text(content, truncated=True):
        return BodyKind.BINARY
    return BodyKind.TEXT if declared else _kind_by_look(content)


def _kind_by_look(content: bytes) -> BodyKind:
    begin = content[:64].lstrip().lower()
    if begin.startswith((b"{", b"[")):
        return BodyKind.JSON
    if begin.startswith((b"<!doctype html", b"<html")):
        return BodyKind.HTML
    return BodyKind.XML if begin.startswith(b"<?xml") else BodyKind.TEXT


def is_coding(name: str) -> bool:
    """Whether *name*, in lower case, may be one: some say a charset there, or none."""
    return NO_CODING.fullmatch(name) is None


def _codings(coding: str | None) -> list[str]:
    names = (name.strip().lower() for name in (coding or "").split(","))
    return [name for name in names if is_coding(name)]


# Some more of the content, and what follows its end once that is reached.
Feed = Callable[[bytes, int], tuple[bytes, bytes | None]]
Make = Callable[[bytes], Feed]


def _undo(
    make: Make, content: bytes, limit: int, most_members: int
) -> tuple[bytes, str | None, int]:
    """Decode step by step, so that a bomb is left at *limit*; and the members read."""
    whole = _whole_gzip(content, limit) if make is _gzip else None
    if whole is not None:
        return whole, None, 1
    made, members = bytearray(), 1
    feed, pending = make(content), content
    try:
        while len(made) <= limit and members <= most_members:
            piece, rest = feed(pending, min(STEP_BYTES, limit + 1 - len(made)))
            pending = b""
            made += piece
            if rest:
                feed, pending, members = make(rest), rest, members + 1
            elif rest is not None:
                is_whole = len(made) <= limit
                return bytes(made[:limit]), None if is_whole else TOO_LONG, members
            elif not piece:
                return bytes(made), CUT, members
    except (zlib.error, brotli.error, zstd.ZstdError, EOFError, ValueError):
        return bytes(made[:limit]), DAMAGED, members
    return bytes(made[:limit]), TOO_LONG, members


def _whole_gzip(content: bytes, limit: int) -> bytes | None:
    """One that is as nearly all are, in half of zlib's time; None where it is cut,
    damaged, too long, or has more than one member."""
    if not content.startswith(GZIP_BEGINS):
        return None
    decompressor = isal_zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        made = decompressor.decompress(content, limit + 1)
    # Its types say that this is an exception, not what one is made of.
    except isal_zlib.error:  # type: ignore[misc]
        return None
    is_whole = decompressor.eof and not decompressor.unused_data
    return made if is_whole and len(made) <= limit else None


def _zlib(window_bits: int) -> Feed:
    decompressor = zlib.decompressobj(window_bits)

    def feed(data: bytes, limit: int) -> tuple[bytes, bytes | None]:
        piece = decompressor.decompress(decompressor.unconsumed_tail + data, limit)
        return piece, decompressor.unused_data if decompressor.eof else None

    return feed


def _gzip(content: bytes) -> Feed:
    return _zlib(zlib.MAX_WBITS | 16)


def _deflate(content: bytes) -> Feed:
    """With zlib's header, as RFC 9110 8.4.1.2 says, or raw, as some send it."""
    has_header = content[:1] and content[0] & 0x0F == 8 and len(content) > 1
    is_zlib = has_header and int.from_bytes(content[:2], "big") % 31 == 0
    return _zlib(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


def is_wide(content: bytes) -> bool:
    """Whether brotli has a window over 4 MiB (RFC 7932 9.1), more than its encoders
    take unless told to. The decoder fills it before it gives anything, in 28 ms."""
    return content[:1] != b"" and content[0] & 1 == 1 and content[0] >> 1 & 7 >= 6


def _brotli(content: bytes) -> Feed:
    decompressor = brotli.Decompressor()

    def feed(data: bytes, limit: int) -> tuple[bytes, bytes | None]:
        piece = decompressor.process(data, output_buffer_limit=limit)
        return piece, b"" if decompressor.is_finished() else None

    return feed


def _zstd(content: bytes) -> Feed:
    bound = {int(zstd.DecompressionParameter.window_log_max): ZSTD_WINDOW_LOG}
    decompressor = zstd.ZstdDecompressor(options=bound)

    def feed(data: bytes, limit: int) -> tuple[bytes, bytes | None]:
        piece = decompressor.decompress(data, limit)
        return piece, decompressor.unused_data if decompressor.eof else None

    return feed


CODINGS: dict[str, Make] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
KINDS: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r".*json.*", BodyKind.JSON),
        (r"text/html|application/xhtml\+xml", BodyKind.HTML),
        (r"image/svg\+xml|application/xml|text/xml|.*\+xml", BodyKind.XML),
        (r"text/css", BodyKind.CSS),
        (r"(text|application)/(x-)?(java|ecma)script", BodyKind.JAVASCRIPT),
        (r"application/x-www-form-urlencoded", BodyKind.FORM),
        (r"multipart/.*", BodyKind.MULTIPART),
        (r"text/event-stream", BodyKind.EVENT_STREAM),
        (r"image/.*", BodyKind.IMAGE),
    )
)
