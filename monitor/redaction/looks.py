"""Looks of bodies: what a body is, for masking, by its type or else by its bytes."""

import re
from enum import StrEnum
from typing import Final

from monitor.content.body import TOO_LONG, decoded
from monitor.traffic.exchange import Body

LOOKED_AT_BYTES: Final = 64
BLANK_BYTES: Final = b" \t\r\n\0\x1e\xef\xbb\xbf\xfe\xff"
FORM: Final = re.compile(rb"[^\s=&<>{}\"]{1,200}=[^\s<>{}\"]*+\s*\Z")
BOUNDARY: Final = re.compile(r"boundary=(?:\"([^\"]{1,200})\"|([^\s;]{1,200}))")
MULTIPART: Final = re.compile(
    rb"\s*--([^\r\n]{1,200}?)[ \t]*\r?\ncontent-", re.IGNORECASE
)
MEDIA: Final = ("image/", "audio/", "video/", "font/")
# What is made to be shown or run, and other texts.
PAGES: Final = ("text/html", "text/css", "text/javascript", "application/javascript")
TEXTS: Final = ("text/xml", "application/xml", "text/csv", "application/pdf")
# What may be JSON, a form or parts, where it says no more than this of itself.
OPEN: Final = ("text/plain", "application/octet-stream", "binary/octet-stream")


class BodyLook(StrEnum):
    """What a body is, for masking."""

    JSON = "json"
    EVENTS = "events"
    FORM = "form"
    MULTIPART = "multipart"
    OTHER = "other"


def may_hold_fields(content_type: str, body: Body, coding: str | None) -> bool:
    """Whether it is of a kind that has fields, by its type or its first bytes."""
    if is_shown(content_type) or content_type.startswith(TEXTS):
        begin = body.kept
        if coding is not None:
            plain = decoded(
                begin, coding, limit=LOOKED_AT_BYTES, most_members=1, wholly=True
            )
            if plain.problem == TOO_LONG and not plain.content:
                return True
            begin = plain.content
        return _begins_as_json(begin)
    return True


def is_shown(content_type: str) -> bool:
    return content_type.startswith(MEDIA + PAGES)


def _begins_as_json(content: bytes) -> bool:
    return content[:LOOKED_AT_BYTES].lstrip(BLANK_BYTES)[:1] in (b"{", b"[")


def look_of(content_type: str, content: bytes) -> BodyLook:
    """By what it looks like, where its type does not fit."""
    if content_type.startswith("text/event-stream"):
        return BodyLook.EVENTS
    begin = content.lstrip(BLANK_BYTES)[:1]
    if "json" in content_type or begin in (b"{", b"["):
        return BodyLook.JSON
    if content_type.startswith("multipart/"):
        return BodyLook.MULTIPART
    if "x-www-form-urlencoded" in content_type:
        return BodyLook.FORM
    if content_type and not content_type.startswith(OPEN):
        return BodyLook.OTHER
    if MULTIPART.match(content):
        return BodyLook.MULTIPART
    return BodyLook.FORM if FORM.match(content) else BodyLook.OTHER


def boundary_of(content_type: str, content: bytes) -> str:
    """That of the type, where the body has it; else of its first line."""
    found = BOUNDARY.search(content_type)
    declared = (found[1] or found[2]) if found else None
    begun = MULTIPART.match(content)
    if begun is not None:
        return begun[1].decode("latin-1")
    if declared is None:
        raise ValueError("its parts have no boundary")
    return declared
