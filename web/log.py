"""The page of one log."""

import base64
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from monitor.content import Kind, field_value, hexdump, pretty
from monitor.errors import NotFound
from monitor.exchange import BodyState
from monitor.fields import Fields, HeaderObject
from monitor.redaction import MASK
from monitor.resources import LogDetail, StoredBody
from monitor.shown import pairs, shown_body
from web import render
from web.messages import messages_view
from web.parts import PageParts
from web.timing import timing_view

# Types that a browser decodes without running anything.
PREVIEWED = ("image/png", "image/jpeg", "image/gif", "image/webp")
PREVIEW_LIMIT_BYTES = 1024 * 1024
HEX_LIMIT_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyView:
    """A body laid out by its kind; texts only, but for *image*, a data: URL."""

    kind: Kind
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
    laid_out: str | None
    raw: str | None
    hex: str | None
    image: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A request or a response."""

    name: str
    headers: list[tuple[str, str]]
    body: BodyView


class LogPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        detail = await find_log(self._parts, request.match_info["log_id"])
        item = detail.item
        context = {
            "log": item,
            "detail": detail,
            "timing": timing_view(detail),
            "messages": await messages_view(
                self._parts.messages, detail, request.query
            ),
            "mask": MASK,
            "back": _back(request.query.get("from", "")),
            "carried": _carried(request.query.get("from", "")),
            "sides": [
                _side(
                    "Request",
                    detail.request_headers,
                    detail.request_body,
                    item.request_size,
                ),
                _side(
                    "Response",
                    detail.response_headers,
                    detail.response_body,
                    item.response_size,
                ),
            ],
        }
        return render.page(request, "log.html", context)


async def find_log(parts: PageParts, text: str) -> LogDetail:
    """The log of an address. Raises NotFound."""
    try:
        id = UUID(text)
    except ValueError:
        raise NotFound("A log's address ends with its id.") from None
    detail = await parts.logs.get(id)
    if detail is None:
        raise NotFound("There is no log of this id; it may be past its retention.")
    return detail


def _side(
    name: str, headers: Fields | HeaderObject, stored: StoredBody, size: int | None
) -> Side:
    return Side(name=name, headers=pairs(headers), body=_body(stored, headers, size))


def _body(
    stored: StoredBody, headers: Fields | HeaderObject, size: int | None
) -> BodyView:
    shown = shown_body(stored, headers)
    laid_out = None if shown.text is None else pretty(shown.kind, shown.text)
    content = shown.content or b""
    is_binary = shown.text is None and bool(content)
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
        laid_out=laid_out or None,
        raw=shown.text if laid_out != shown.text else None,
        hex=hexdump(content, limit=HEX_LIMIT_BYTES) if is_binary else None,
        image=_image(content, headers) if not shown.truncated else None,
    )


def _image(content: bytes, headers: Fields | HeaderObject) -> str | None:
    declared = (
        (field_value(headers, "content-type") or "").split(";")[0].strip().lower()
    )
    if declared not in PREVIEWED or not 0 < len(content) <= PREVIEW_LIMIT_BYTES:
        return None
    return f"data:{declared};base64,{base64.b64encode(content).decode()}"


def _carried(query: str) -> str:
    """What the links of this page take along."""
    return f"{urlencode({'from': query})}&" if query else ""


def _back(query: str) -> str:
    """The list that this log was opened from, with its filters."""
    return f"/dashboard?{query}" if query else "/dashboard"
