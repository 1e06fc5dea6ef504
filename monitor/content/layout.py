"""The layout of a body's text for reading, within a bound."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from multipart import (  # type: ignore[import-untyped]
    MultipartSegment,
    PushMultipartParser,
)

from monitor.content.body import BodyKind
from monitor.defaults import WORK_LIMIT
from monitor.json.bounds import values_beginning
from monitor.json.text import json_pieces, json_values

LIMIT_CHARACTERS = 2 * 1024 * 1024
# Indentation makes deep nesting grow with the square of its size.
MAX_LAID_OUT_CHARACTERS = 8 * 1024 * 1024
SHOWN_VALUE_BYTES = 200


@dataclass(frozen=True, slots=True)
class Layout:
    """*text* as it is where its kind has no layout, or for a *problem*: a bound."""

    text: str
    problem: str | None = None


def laid_out(kind: BodyKind, text: str, *, limit: int = WORK_LIMIT) -> Layout:
    """*text* laid out for reading: at most *limit* values, fields or parts."""
    if kind not in (BodyKind.JSON, BodyKind.FORM, BodyKind.MULTIPART):
        return Layout(text)
    if len(text) > LIMIT_CHARACTERS:
        return Layout(text, f"more than {LIMIT_CHARACTERS:,} characters")
    match kind:
        case BodyKind.JSON:
            return _json(text, limit)
        case BodyKind.FORM:
            return _form(text, limit)
        case _:
            return _multipart(text, limit)


def hexdump(content: bytes, *, limit: int = 4096) -> str:
    """Offset, 16 bytes and their ASCII a line, as `hexdump -C` prints them."""
    lines = []
    for offset in range(0, min(len(content), limit), 16):
        row = content[offset : min(offset + 16, limit)]
        digits = " ".join(f"{byte:02x}" for byte in row)
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{offset:08x}  {digits:<47}  |{shown}|")
    return "\n".join(lines)


def _json(text: str, limit: int) -> Layout:
    bound = values_beginning(text, limit)
    if bound.problem is not None:
        return Layout(text, bound.problem)
    # A value a line: each has two characters at least.
    if len(text) > limit and text.count("\n") > limit and not _is_one(text):
        return Layout(text, f"more than {limit:,} values")
    made, length = list[str](), 0
    try:
        for value in json_values(text):
            for piece in json_pieces(value, "  ", "\n"):
                made.append(piece)
                length += len(piece)
                if length > MAX_LAID_OUT_CHARACTERS:
                    many = f"more than {MAX_LAID_OUT_CHARACTERS:,} characters"
                    return Layout(text, f"{many} when laid out")
            made.append("\n")
    except (ValueError, RecursionError):
        return Layout(text)
    return Layout("".join(made[:-1]) if made else text)


def _is_one(text: str) -> bool:
    """Whether it may be one value over many lines: its first line is none."""
    first = text.lstrip().split("\n", 1)[0]
    try:
        json_values(first)
    except ValueError:
        return True
    return False


def _form(text: str, limit: int) -> Layout:
    if text.count("&") >= limit:
        return Layout(text, f"more than {limit:,} fields")
    return Layout("\n".join(f"{n} = {v}" for n, v in parse_qsl(text, True)) or text)


def _multipart(text: str, limit: int) -> Layout:
    """A line a part: a short field's value; else type and size. The delimiter is the
    first line, as the text alone does not carry the declared one."""
    delimiter = text.lstrip("\r\n").split("\n", 1)[0].strip()
    if not delimiter.startswith("--"):
        return Layout(text)
    if text.count(f"\n{delimiter}") > limit:
        return Layout(text, f"more than {limit:,} parts")
    lines, part, content = list[str](), None, b""
    try:
        parser = PushMultipartParser(delimiter[2:], max_segment_count=limit)
        for event in parser.parse(text.encode()):
            if isinstance(event, MultipartSegment):
                part, content = event, b""
            elif event:
                content = content or bytes(event)
            elif part is not None:
                lines.append(_part(part, content))
    # multipart's own errors are ValueErrors.
    except ValueError:
        return Layout(text)
    return Layout("\n".join(lines) or text)


def _part(part: MultipartSegment, content: bytes) -> str:
    if part.filename is None and part.size <= SHOWN_VALUE_BYTES:
        return f"{part.name} = {content.decode('utf-8', 'replace')}"
    about = (part.filename, part.content_type, f"{part.size} bytes")
    return f"{part.name}: {', '.join(item for item in about if item)}"
