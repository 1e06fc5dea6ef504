"""Fields, masked by their names: in JSON, forms and multipart bodies.

Texts are bytes read as latin-1, whatever their charset: all that counts is ASCII, and
what is not masked stays as it passed.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from monitor.redaction.names import Names
from monitor.redaction.spelled import Spelled, fold
from monitor.redaction.work import MaskingWork
from monitor.traffic.mask import MASK

# The value of a member, nothing where it is an object or a list. What was cut may end
# within a string.
VALUE: Final = re.compile(
    rb"[ \t\r\n]*+:[ \t\r\n]*+"
    rb'("(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\w.+-]++(?=[\s,\]}]|\Z)|)',
    re.DOTALL,
)
COMMENT: Final = re.compile(rb"[ \t\r\n]*+/")
# JSON5 and such, whose names have no quotes.
UNQUOTED: Final = re.compile(rb"[\s\[]*\{\s*[^\s\"}]")
# Anywhere in a part's head: fields are folded, file names have a name= of their own.
PART_NAME: Final = re.compile(
    r"[;\s]name\s*+(\*?)\s*+=\s*+"
    r"(?:\"((?:[^\"\\\r\n]|\\.)*+)|([^\s;]*+))",
    re.IGNORECASE,
)
# The value of a form's field, as some programs post their JSON.
FORM_JSON: Final = re.compile(r"(?:[\s+]|%20|%0[aAdD9])*+(?:[{\[]|%7[bB]|%5[bB])")
MAX_PART_HEAD: Final = 8192
QUOTED_MASK: Final = f'"{MASK}"'.encode()
READS: Final = 8
MEMBER_NODES: Final = 15
PAIR_NODES: Final = 3
CODED_NODES: Final = 30
# To decode a byte and to encode it again, in bytes that are read.
CODED_READS: Final = 10
PART_NODES: Final = 30
PART_NAME_NODES: Final = 10


class Members:
    """A JSON text with members masked. *within*: names, as they are spelled, of objects
    and lists that are to be masked, which takes reading it."""

    __slots__ = ("content", "within")

    def __init__(self, content: bytes, within: set[str]) -> None:
        self.content = content
        self.within = within


def masked_members(
    content: bytes, names: list[tuple[Spelled, int]], work: MaskingWork
) -> Members:
    """*names*: those that stand in it. Raises TooMuch, and ValueError where it is no
    text of one byte a character."""
    if content.find(b"\0") >= 0:
        raise ValueError("it is no text")
    work.spend(MEMBER_NODES * sum([count for _, count in names]), len(content))
    lowered = content.lower()
    places = list[tuple[int, int]]()
    for name, count in names:
        work.spend(0, len(content) // READS)
        places += name.places(lowered, count)
    pieces, kept, within = list[bytes](), 0, set[str]()
    for start, after in sorted(places):
        found = VALUE.match(content, after) if start >= kept else None
        if found is None:
            if start >= kept and COMMENT.match(content, after) is not None:
                raise ValueError("it is no JSON")
            continue
        begin, end = found.span(1)
        if begin < end:
            pieces += (content[kept:begin], QUOTED_MASK)
            kept = end
        elif begin < len(content):
            within.add(content[start + 1 : after - 1].decode("latin-1"))
    return Members(b"".join([*pieces, content[kept:]]), within)


def masked_form(
    text: str, names: Names, work: MaskingWork, inner: Callable[[str], str]
) -> str:
    """Only & separates in a form: a # or ; is part of the value. *inner* masks values
    that look like JSON. Raises TooMuch, and ValueError as *inner* does."""
    work.spend(PAIR_NODES * (text.count("&") + 1), len(text))
    pairs = [pair.partition("=") for pair in text.split("&")]
    beside: set[str] | None = None
    made, is_changed = list[str](), False
    for coded, sign, value in pairs:
        name = _decoded(coded, work)
        if sign and value != MASK:
            is_sensitive = names.holds(name)
            partners = None if is_sensitive else names.beside(name)
            if partners is not None:
                if beside is None:
                    beside = {fold(each) for each, _, _ in pairs}
                is_sensitive = not partners.isdisjoint(beside)
            masked = MASK if is_sensitive else _masked_value(value, work, inner)
            if masked != value:
                value, is_changed = masked, True
        made.append(f"{coded}{sign}{value}")
    return "&".join(made) if is_changed else text


def _masked_value(value: str, work: MaskingWork, inner: Callable[[str], str]) -> str:
    if not FORM_JSON.match(value):
        return value
    work.spend(CODED_NODES, len(value) * CODED_READS)
    plain = unquote_plus(value, encoding="latin-1")
    masked = inner(plain)
    return value if masked == plain else quote_plus(masked, encoding="latin-1")


def masked_multipart(
    text: str,
    boundary: str,
    names: Names,
    work: MaskingWork,
    inner: Callable[[str], str],
) -> str:
    """The contents of sensitive parts; *inner* masks those that look like JSON.

    Raises TooMuch, and ValueError where a part cannot be taken apart.
    """
    delimiter = f"--{boundary}"
    work.spend(PART_NODES * (text.count(delimiter) + 1), len(text))
    parts = text.split(delimiter)
    for n, part in enumerate(parts[1:], 1):
        parts[n] = _masked_part(part, names, work, inner)
    return delimiter.join(parts)


def _masked_part(
    part: str, names: Names, work: MaskingWork, inner: Callable[[str], str]
) -> str:
    end = part.find("\r\n\r\n", 0, MAX_PART_HEAD)
    length = 4
    if end < 0:
        end, length = part.find("\n\n", 0, MAX_PART_HEAD), 2
    if end < 0:
        if len(part) > MAX_PART_HEAD:
            raise ValueError("a part has no head")
        return part
    begin = end + length
    line_end = "\r\n" if part.endswith("\r\n") else ""
    if _is_sensitive(part, end + 2, names, work):
        return f"{part[:begin]}{MASK}{line_end}"
    content = part[begin:]
    if content.lstrip(" \t\r\n")[:1] not in ("{", "["):
        return part
    return f"{part[:begin]}{inner(content.removesuffix(line_end))}{line_end}"


def _is_sensitive(part: str, end: int, names: Names, work: MaskingWork) -> bool:
    """Whether one of the names that are given before *end* is; which one counts,
    servers do not agree."""
    for found in PART_NAME.finditer(part, 0, end):
        work.spend(PART_NAME_NODES)
        extended, quoted, bare = found[1], found[2], found[3]
        name = (quoted or bare or "").replace("\\", "")
        if extended:
            # A charset and a language stand before it (RFC 8187).
            name = name.rpartition("'")[2]
        if names.holds(_decoded(name.strip("'"), work)):
            return True
    return False


def _decoded(name: str, work: MaskingWork) -> str:
    if "%" in name:
        work.spend(CODED_NODES, len(name) * CODED_NODES)
        return unquote_plus(name)
    return name.replace("+", " ")
