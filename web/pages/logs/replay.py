"""The page that sends a recorded request again and compares the answers."""

from functools import partial
from uuid import UUID

from aiohttp import web

from monitor.compare.rules import deciding
from monitor.errors import NotFound, Unavailable
from monitor.logs.log import LogDetail
from monitor.offload.little import COMPARED_BYTES, COMPARED_MARKS, are_little
from monitor.offload.outcome import OutcomeKind, Unworked
from monitor.registry.resources import ServiceResource
from monitor.replay.replay import ReplaySummary
from monitor.traffic.mask import MASK
from web import render
from web.pages.logs.log import MAX_ROWS, find_log, sides_shown
from web.parts import PageParts
from web.views.bodies import Side
from web.views.editable import Editable, editable, editable_of
from web.views.results import Result, result_of, with_rules

HISTORY = 50
MAX_SERVICES = 500
# It holds the answer's body, and what differs.
LITTLE_DOCUMENT = 8 * 1024


class ReplayPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        """With ?replay=, that replay's result; else the newest one's, if any."""
        detail = await find_log(self._parts, request.match_info["log_id"])
        id = detail.item.id
        history, total = await self._parts.stores.replays.history(id, most=HISTORY)
        chosen = await self._chosen(id, request.query.get("replay"), history)
        endpoint = await self._parts.stores.replays.endpoint_of(id)
        rules = await self._parts.stores.comparison_rules.of(
            detail.item.service_id, endpoint
        )
        result = None if chosen is None else await self._result(detail, chosen)
        if isinstance(result, Result):
            result = with_rules(result, rules)
        context = {
            "log": detail.item,
            "mask": MASK,
            "editable": await self._editable(detail),
            "services": await self._targets(detail),
            "history": history,
            "total": total,
            "result": result,
            # What the next answer is compared with.
            "recorded": None if result else await self._recorded(detail),
            "endpoint": endpoint,
            "rule_of": partial(deciding, rules),
            "most_rows": MAX_ROWS,
            "series_limit": self._parts.settings.replay_series_limit,
            "at_once_limit": self._parts.settings.replay_limit,
        }
        return await render.page(request, "replay.html", context)

    async def _recorded(self, detail: LogDetail) -> Side:
        _, answer = await sides_shown(self._parts, detail)
        return answer

    async def _chosen(
        self, log_id: UUID, text: str | None, history: list[ReplaySummary]
    ) -> bytes | None:
        """The document of the one that is shown."""
        if text is None and not history:
            return None
        try:
            id = history[0].id if text is None else UUID(text)
        except ValueError:
            found = None
        else:
            found = await self._parts.stores.replays.get(log_id, id)
        if found is None:
            raise NotFound("There is no such replay of this log.")
        return found

    async def _result(self, detail: LogDetail, document: bytes) -> Result | str:
        """Why there is none to show, where it cannot be worked on."""
        stored = detail.response_body, detail.response_headers
        is_little = len(document) <= LITTLE_DOCUMENT and are_little(
            [stored], most_bytes=COMPARED_BYTES, most_marks=COMPARED_MARKS
        )
        try:
            made = await self._parts.helpers.do(
                OutcomeKind.RESULT,
                detail.item.service_id,
                result_of,
                detail,
                document,
                self._parts.settings.work_limit,
                is_little=is_little,
            )
        except Unworked as error:
            return str(error)
        return made.result

    async def _editable(self, detail: LogDetail) -> Editable:
        kept = detail.request_body, detail.request_headers
        try:
            made = await self._parts.helpers.do(
                OutcomeKind.PAGE,
                detail.item.service_id,
                editable_of,
                detail,
                is_little=are_little([kept]),
            )
        except Unworked as error:
            return editable(detail, "", f"It cannot be shown: {error}.")
        return made.editable

    async def _targets(self, detail: LogDetail) -> list[ServiceResource]:
        """Other services, those too that it cannot be sent to."""
        try:
            found, _ = await self._parts.stores.services.page(
                limit=MAX_SERVICES, offset=0
            )
        except Unavailable:
            return []
        own = detail.item.service_id
        return [service for service in found if service.id != own]
