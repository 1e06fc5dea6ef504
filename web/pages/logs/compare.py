"""The page of any two logs side by side."""

import re
from functools import partial
from typing import Any
from uuid import UUID

from aiohttp import web

from monitor.compare.rules import deciding
from monitor.errors import NotFound
from monitor.log_pairs.comparisons import LogComparisons, request_sizes, response_sizes
from monitor.logs.log import LogDetail
from monitor.offload.little import COMPARED_BYTES, COMPARED_MARKS, are_little
from monitor.offload.outcome import OutcomeKind, Unworked
from web import render
from web.pages.logs.log import find_log
from web.parts import PageParts
from web.views.results import Beside, beside

# Of a log, alone or at the end of an address of its pages.
ID = re.compile(r"([0-9a-fA-F-]{32,36})(?:[?#].*)?\s*$")
MAX_GIVEN = 4_096


class ComparePage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts
        self._comparisons = LogComparisons(
            parts.stores, parts.helpers, work_limit=parts.settings.work_limit
        )

    async def show(self, request: web.Request) -> web.Response:
        """Without ?a=, the last one that went well; without ?b=, two to choose."""
        given = {name: _id(request.query.get(name, "")) for name in ("a", "b")}
        if not given["b"]:
            return await render.page(request, "compare.html", _nothing(given["a"]))
        right = await find_log(self._parts, given["b"])
        left_id = given["a"] or str(await self._last_good(right))
        left = await find_log(self._parts, left_id)
        made = await self._comparisons.of(left, right)
        is_text = request.query.get("view") == "text"
        context = {
            **_nothing(""),
            "made": made,
            "rule_of": partial(deciding, made.rules),
            "sent": request_sizes(made),
            "received": response_sizes(made),
            "is_last_good": not given["a"],
            "is_text": is_text,
            "beside": await self._beside(left, right) if is_text else None,
        }
        return await render.page(request, "compare.html", context)

    async def _last_good(self, detail: LogDetail) -> UUID:
        try:
            return await self._comparisons.last_good(detail)
        except NotFound as error:
            text = error.detail
            raise NotFound(f"{text[0].upper()}{text[1:]}.") from None

    async def _beside(self, left: LogDetail, right: LogDetail) -> Beside:
        kept = [
            one
            for detail in (left, right)
            for one in (
                (detail.request_body, detail.request_headers),
                (detail.response_body, detail.response_headers),
            )
        ]
        try:
            return await self._parts.helpers.do(
                OutcomeKind.RESULT,
                right.item.service_id,
                beside,
                left,
                right,
                self._parts.settings.work_limit,
                is_little=are_little(
                    kept, most_bytes=COMPARED_BYTES, most_marks=COMPARED_MARKS
                ),
            )
        except Unworked as error:
            return Beside([], [], f"The bodies cannot be shown: {error}.")


def _id(text: str) -> str:
    """The id that a field was given, or that ends the address it was given."""
    found = ID.search(text[:MAX_GIVEN])
    return found[1] if found else text.strip()


def _nothing(a: str) -> dict[str, Any]:
    return {"made": None, "a": a}
