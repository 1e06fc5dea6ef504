"""The page that sends a recorded request again and compares the answers."""

import base64
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiohttp import web

from monitor.compare.sides import Row, side_by_side
from monitor.content import field_value, kind_of, pretty
from monitor.errors import NotFound, Unavailable
from monitor.exchange import BodyState
from monitor.redaction import MASK
from monitor.replay.outgoing import LEFT_OUT, OURS
from monitor.resources import LogDetail, ServiceResource
from monitor.shown import pairs, shown_body
from web import render
from web.log import find_log
from web.parts import PageParts

HISTORY = 50
MOST_SERVICES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Editable:
    """The request as the form begins with it; a *problem* says what has to be given."""

    method: str
    url: str
    url_problem: str | None
    headers: list[tuple[str, str, bool]]
    body: str
    body_problem: str | None
    refusal: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One replay, and both bodies beside each other where they are texts."""

    replay: dict[str, Any]
    rows: list[Row]
    are_all_rows: bool


class ReplayPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        """With ?replay=, that replay's result; else the newest one's, if any."""
        detail = await find_log(self._parts, request.match_info["log_id"])
        id = detail.item.id
        history, total = await self._parts.replays.page(id, limit=HISTORY, offset=0)
        chosen = await self._chosen(id, request.query.get("replay"), history)
        context = {
            "log": detail.item,
            "mask": MASK,
            "editable": _editable(detail),
            "services": await self._targets(detail),
            "history": history,
            "total": total,
            "result": None if chosen is None else _result(detail, chosen),
        }
        return render.page(request, "replay.html", context)

    async def _chosen(
        self, log_id: UUID, text: str | None, history: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        if text is None:
            return history[0] if history else None
        try:
            found = await self._parts.replays.get(log_id, UUID(text))
        except ValueError:
            found = None
        if found is None:
            raise NotFound("There is no such replay of this log.")
        return found

    async def _targets(self, detail: LogDetail) -> list[ServiceResource]:
        """Other services that the request can be sent to."""
        try:
            found, _ = await self._parts.services.page(limit=MOST_SERVICES, offset=0)
        except Unavailable:
            return []
        own = detail.item.service_id
        return [service for service in found if service.base_url and service.id != own]


def _editable(detail: LogDetail) -> Editable:
    item = detail.item
    is_masked = MASK in item.url
    headers = [
        (name, "" if MASK in value else value, MASK in value)
        for name, value in pairs(detail.request_headers)
        if name.lower() not in LEFT_OUT and not name.lower().startswith(OURS)
    ]
    body, body_problem = _body(detail)
    options = field_value(detail.request_headers, "connection") or ""
    is_upgrade = item.status_code == 101 or "upgrade" in options.lower()
    return Editable(
        method=item.method,
        url=item.url,
        url_problem="It holds a masked value: give the whole URL."
        if is_masked
        else None,
        headers=headers,
        body=body,
        body_problem=body_problem,
        refusal="It is an upgraded connection, which is no request to send again."
        if is_upgrade
        else None,
    )


def _body(detail: LogDetail) -> tuple[str, str | None]:
    """The text to edit, and why it cannot be sent as it is."""
    stored = detail.request_body
    if stored.state is BodyState.WITHHELD:
        return "", "It was not kept, because a field of it is to be masked."
    if stored.state is BodyState.SHED:
        return "", "It was not kept: the spool was filling."
    if stored.content is None and detail.item.request_size:
        return "", "It is past its retention."
    shown = shown_body(stored, detail.request_headers)
    if stored.state is BodyState.REDACTED:
        return shown.text or "", "It holds masked values: put in what is to be sent."
    if stored.truncated:
        return shown.text or "", "Only its beginning was kept: put in the whole."
    return shown.text or "", None


def _result(detail: LogDetail, replay: dict[str, Any]) -> Result:
    before = shown_body(detail.response_body, detail.response_headers)
    left = _laid_out(before.text, before.content or b"", detail.response_headers)
    right = _answered(replay)
    if left is None or right is None or replay["comparison"] is None:
        return Result(replay=replay, rows=[], are_all_rows=True)
    rows, are_all = side_by_side(left, right)
    return Result(replay=replay, rows=rows, are_all_rows=are_all)


def _answered(replay: dict[str, Any]) -> str | None:
    """The replay's answer as text; None where it is none."""
    body = replay["response_body"]
    if body is None:
        return ""
    if replay["response_body_encoding"] == "base64":
        return "" if not base64.b64decode(body) else None
    return _laid_out(body, body.encode(), replay["response_headers"])


def _laid_out(text: str | None, content: bytes, headers: Any) -> str | None:
    if text is None:
        return None if content else ""
    laid_out = pretty(kind_of(field_value(headers, "content-type"), content), text)
    return laid_out or text
