"""Parts of a multipart body, each with its head and its content."""

import re
from typing import Final, NamedTuple

from multipart import (  # type: ignore[import-untyped]
    MultipartSegment,
    PushMultipartParser,
)

BOUNDARY: Final = re.compile(
    r';\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;,"]{1,200}))', re.IGNORECASE
)
MAX_PARTS: Final = 200


class Part(NamedTuple):
    name: str
    filename: str | None
    content_type: str | None
    content: bytes
    size: int


def parts_of(content: bytes, content_type: str | None, *, keep: int) -> list[Part]:
    """At most MAX_PARTS, *keep* bytes of each. Raises ValueError where it is none."""
    parser = PushMultipartParser(
        boundary_of(content, content_type),
        max_segment_count=MAX_PARTS,
        strict=False,
    )
    made: list[Part] = []
    segment, kept = None, bytearray()
    for event in parser.parse(content):
        if isinstance(event, MultipartSegment):
            segment, kept = event, bytearray()
        elif event:
            kept += event[: keep - len(kept)]
        elif segment is not None:
            made.append(_part(segment, bytes(kept)))
            segment = None
    if segment is not None:
        # It was cut.
        made.append(_part(segment, bytes(kept)))
    return made


def boundary_of(content: bytes, content_type: str | None) -> str:
    """As it is declared, else as the first line has it."""
    if found := BOUNDARY.search((content_type or "")[:2_000]):
        return found[1] or found[2]
    first = content.lstrip(b"\r\n").split(b"\n", 1)[0].strip()
    if not first.startswith(b"--") or len(first) < 3:
        raise ValueError("no boundary")
    return first[2:].decode("latin-1")


def _part(segment: MultipartSegment, content: bytes) -> Part:
    return Part(
        name=segment.name or "",
        filename=segment.filename,
        content_type=segment.content_type,
        content=content,
        size=max(segment.size, len(content)),
    )
