"""Both bodies of a log, laid out for its page: work that a helper process can do."""

import base64
from dataclasses import dataclass
from typing import NamedTuple

from monitor.content.body import BodyKind, field_value
from monitor.content.layout import Layout, hexdump, laid_out
from monitor.logs.display import ShownBody, pairs, raw_body, shown_body
from monitor.logs.log import LogDetail, StoredBody
from monitor.traffic.exchange import BodyState
from monitor.traffic.fields import Fields, HeaderObject

# Of one text: a browser that is given more stands still over it. The first are for a
# reader at once, the others when they are asked for.
FIRST_CHARACTERS = 32 * 1024
SHOWN_CHARACTERS = 512 * 1024
# Types that a browser decodes without running anything.
PREVIEWED = ("image/png", "image/jpeg", "image/gif", "image/webp")
MAX_PREVIEW_BYTES = 1024 * 1024
MAX_HEX_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyView:
    """A body laid out by its kind; texts only, but for *image*, a data: URL."""

    kind: BodyKind
    size: int | None
    kept: int
    truncated: bool
    withheld: bool
    limited: bool
    shed: bool
    redacted: bool
    is_gone: bool
    coding: str | None
    problem: str | None
    raw_because: str | None
    # How many characters are shown where there are more.
    begun: int | None
    laid_out: str | None
    raw: str | None
    hex: str | None
    image: str | None

    @property
    def is_there(self) -> bool:
        """Whether there is something to be shown."""
        is_absent = self.limited or self.withheld or self.shed or self.is_gone
        return bool(self.kept) and not is_absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A request or a response."""

    name: str
    headers: list[tuple[str, str]]
    body: BodyView


class Sides(NamedTuple):
    sides: list[Side]
    is_limited: bool = False


def sides_of(detail: LogDetail, limit: int, most: int = FIRST_CHARACTERS) -> Sides:
    """With at most *limit* values, fields or parts laid out; else raw. *most*: how many
    characters of each are shown."""
    made, is_limited = [], False
    for name, headers, stored, size in _given(detail):
        shown = shown_body(stored, headers)
        layout = None
        if shown.text is not None:
            layout = laid_out(shown.kind, shown.text, limit=limit)
        view = _body(shown, layout, stored, headers, size, most)
        made.append(Side(name=name, headers=pairs(headers), body=view))
        is_limited |= shown.is_begun or view.raw_because is not None
    return Sides(made, is_limited)


def bare_side(detail: LogDetail, name: str) -> Side:
    """The side of this lower-case *name*, its body decoded and not laid out."""
    [given] = [one for one in _given(detail) if one[0].lower() == name]
    title, headers, stored, size = given
    shown = shown_body(stored, headers)
    view = _body(shown, None, stored, headers, size)
    return Side(name=title, headers=pairs(headers), body=view)


def raw_sides(detail: LogDetail, problem: str) -> Sides:
    """The same as it was kept, and only the beginning, for *problem*."""
    made = []
    for name, headers, stored, size in _given(detail):
        shown = raw_body(stored, headers, problem)
        layout = None if shown.text is None else Layout(shown.text)
        view = _body(shown, layout, stored, headers, size)
        made.append(Side(name=name, headers=pairs(headers), body=view))
    return Sides(made)


Given = tuple[str, Fields | HeaderObject, StoredBody, int | None]


def _given(detail: LogDetail) -> tuple[Given, Given]:
    item = detail.item
    sent, received = detail.request_body, detail.response_body
    return (
        ("Request", detail.request_headers, sent, item.request_size),
        ("Response", detail.response_headers, received, item.response_size),
    )


def _begun(text: str | None, most: int) -> str | None:
    return None if text is None else text[:most]


def _body(
    shown: ShownBody,
    layout: Layout | None,
    stored: StoredBody,
    headers: Fields | HeaderObject,
    size: int | None,
    most: int = SHOWN_CHARACTERS,
) -> BodyView:
    content = shown.content or b""
    is_binary = shown.text is None and bool(content)
    text = None if layout is None else layout.text
    shown_texts = [one for one in (text, shown.text) if one]
    return BodyView(
        kind=shown.kind,
        size=size,
        kept=len(stored.content or b""),
        truncated=shown.truncated,
        withheld=stored.state is BodyState.WITHHELD,
        limited=stored.is_limited,
        shed=stored.state is BodyState.SHED,
        redacted=stored.state is BodyState.REDACTED,
        is_gone=stored.is_gone,
        coding=field_value(headers, "content-encoding"),
        problem=shown.problem,
        raw_because=None if layout is None else layout.problem,
        begun=most if any(len(one) > most for one in shown_texts) else None,
        laid_out=_begun(text, most) or None,
        raw=_begun(shown.text, most) if text != shown.text else None,
        hex=hexdump(content, limit=MAX_HEX_BYTES) if is_binary else None,
        image=None
        if shown.truncated
        else image_of(content, field_value(headers, "content-type") or ""),
    )


def image_of(content: bytes, declared: str) -> str | None:
    """As an address that holds it; only of kinds that a browser runs nothing of."""
    kind = declared.split(";")[0].strip().lower()
    if kind not in PREVIEWED or not 0 < len(content) <= MAX_PREVIEW_BYTES:
        return None
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
