"""Bodies of a HAR entry: which bytes they are."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from monitor.export.har_values import (
    BadEntry,
    Place,
    known,
    list_of,
    object_of,
    text_of,
)
from monitor.traffic.exchange import BodyState

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
ENCODED = re.compile(r"(?:[A-Za-z0-9\-._~*+!'(),/:;@$?\[\]]|%[0-9A-Fa-f]{2})*\Z")
URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True, kw_only=True)
class HarBody:
    """*size* is None where all of it is there. *content_type* is what it is sent as,
    where the archive says so beside the header fields."""

    content: bytes | None
    size: int | None = None
    state: BodyState = BodyState.KEPT
    is_limited: bool = False
    is_gone: bool = False
    content_type: str | None = None


def request_body(request: dict[str, Any]) -> HarBody:
    """Its text, or made from its form's parameters. Raises BadEntry."""
    place: Place = ("request", "postData")
    posted = request.get("postData")
    if posted is None:
        return HarBody(content=None)
    posted = object_of(posted, place)
    declared = text_of(posted.get("mimeType"), (*place, "mimeType"))
    coding = posted.get("_encoding", posted.get("encoding"))
    content = _bytes(posted.get("text"), coding, (*place, "text"))
    params = list_of(posted.get("params"), (*place, "params"))
    if content is not None or not params:
        return _body(content, posted, request, declared)
    fields = [_field(param, (*place, "params", n)) for n, param in enumerate(params)]
    is_form = declared.lower().startswith(FORM)
    if is_form or not (
        declared.lower().startswith("multipart/") or any(f.is_file for f in fields)
    ):
        content = _form(fields, known(request.get("bodySize"))).encode()
        return _body(content, posted, request, declared or FORM)
    content, declared = _multipart(fields, declared)
    made = _body(content, posted, request, declared)
    if all(field.value is not None for field in fields):
        return made
    # What a file held is not in the archive.
    size = max(int(known(request.get("bodySize")) or 0), len(content) + 1)
    return HarBody(content=content, size=size, content_type=declared)


def response_body(response: dict[str, Any]) -> HarBody:
    """Raises BadEntry."""
    content = response.get("content")
    if content is None:
        return HarBody(content=None)
    place: Place = ("response", "content")
    content = object_of(content, place)
    found = _bytes(content.get("text"), content.get("encoding"), (*place, "text"))
    declared = text_of(content.get("mimeType"), (*place, "mimeType"))
    return _body(found, content, response, "" if declared == "x-unknown" else declared)


def _body(
    content: bytes | None, said: dict[str, Any], message: dict[str, Any], declared: str
) -> HarBody:
    """With what our own archives say of it."""
    state, size = BodyState.KEPT, None
    if said.get("_withheld") is True:
        state = BodyState.WITHHELD
    elif said.get("_shed") is True:
        state = BodyState.SHED
    elif said.get("_redacted") is True:
        state = BodyState.REDACTED
    if said.get("_truncated") is True:
        size = max(int(known(message.get("bodySize")) or 0), len(content or b"") + 1)
        content = content or b""
    elif state is not BodyState.KEPT:
        size, content = int(known(message.get("bodySize")) or 0), content or b""
    return HarBody(
        content=content,
        size=size,
        state=state,
        is_limited=said.get("_limited") is True and state is BodyState.WITHHELD,
        is_gone=said.get("_gone") is True,
        content_type=declared or None,
    )


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    value: str | None
    file_name: str | None
    content_type: str | None

    @property
    def is_file(self) -> bool:
        return self.file_name is not None


def _field(param: Any, place: Place) -> _Field:
    param = object_of(param, place)
    named, typed = param.get("fileName"), param.get("contentType")
    value = param.get("value")
    # Of a file, no value, or an empty one, is what was not written down.
    is_there = value is not None and (value != "" or not named)
    return _Field(
        text_of(param.get("name"), (*place, "name")),
        text_of(value, (*place, "value")) if is_there or not named else None,
        text_of(named, (*place, "fileName")) if named else None,
        text_of(typed, (*place, "contentType")) if typed else None,
    )


def _form(fields: list[_Field], size: float | None) -> str:
    """Some write names and values as they were sent, some as they were meant; the
    size that was sent tells them apart, else whether they look encoded."""
    pairs = [(field.name, field.value or "") for field in fields]
    as_sent = "&".join(f"{name}={value}" for name, value in pairs)
    made = urlencode(pairs, errors="replace")
    texts = [text for pair in pairs for text in pair]
    if not all(ENCODED.match(text) for text in texts):
        return made
    if size is not None and len(as_sent) != len(made):
        if size == len(made):
            return made
        if size == len(as_sent):
            return as_sent
    return as_sent if any("%" in text for text in texts) else made


def _multipart(fields: list[_Field], declared: str) -> tuple[bytes, str]:
    """RFC 7578; and its media type with the boundary."""
    found = BOUNDARY.search(declared)
    boundary = (found[1] or found[2]) if found else _boundary(fields)
    pieces: list[bytes] = []
    for field in fields:
        about = f'form-data; name="{_quoted(field.name)}"'
        if field.file_name is not None:
            about += f'; filename="{_quoted(field.file_name)}"'
        lines = [f"--{boundary}", f"Content-Disposition: {about}"]
        if field.content_type:
            lines.append(f"Content-Type: {_one_line(field.content_type)}")
        head = "\r\n".join([*lines, "", ""])
        pieces.append(_utf8(f"{head}{field.value or ''}\r\n"))
    pieces.append(_utf8(f"--{boundary}--\r\n"))
    if not found:
        bare = declared.partition(";")[0].strip() or MULTIPART
        declared = f"{bare}; boundary={boundary}"
    return b"".join(pieces), declared


def _boundary(fields: list[_Field]) -> str:
    said = json.dumps([(field.name, field.value) for field in fields])
    return f"----har{hashlib.sha256(said.encode()).hexdigest()[:24]}"


def _quoted(text: str) -> str:
    """As browsers write it (WHATWG HTML 4.10.21.8)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _one_line(text: str) -> str:
    return quote(text, safe="/;=+-.* \"'")


def _bytes(text: Any, coding: Any, place: Place) -> bytes | None:
    """None where there is no text, or an empty one."""
    if isinstance(text, dict | list):
        # An object where its text should be: some archives hold JSON so.
        text = json.dumps(text, ensure_ascii=False)
    text = text_of(text, place)
    if not text:
        return None
    if not isinstance(coding, str) or coding.lower() != "base64":
        return _utf8(text)
    plain = "".join(text.split()).translate(URL_SAFE).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadEntry(place, "is no base64") from None


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
