"""The page that takes HAR archives."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from web import render
from web.parts import PageParts
from web.request.forms import check_token
from web.request.uploads import Upload, pieces_of

MAX_SERVICES = 500
# Of one form; a script sends each by itself.
MOST_ARCHIVES = 20
NOT_DONE = {"detail": "That did not work."}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one archive, as /v1 answers it."""

    name: str
    status: int
    answer: dict[str, Any]

    @property
    def left_out(self) -> list[tuple[str, str]]:
        """Each with where it stands, and why."""
        found = self.answer.get("left_out") or self.answer.get("errors") or ()
        return [(_place(one["loc"]), one["msg"]) for one in found]


class ImportPage:
    """It sends what is dropped on it to /v1, and shows what was left out."""

    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def show(self, request: web.Request) -> web.Response:
        return await self._page(request, request.query.get("service"), [])

    async def take(self, request: web.Request) -> web.Response:
        """Without a script: each archive goes on to /v1 as it comes."""
        upload = Upload(request, timeout_s=self._parts.settings.body_timeout_s)
        sessions = self._parts.access.sessions
        taken: list[Taken] = []
        async for part in upload.files():
            check_token(request, sessions, upload.fields)
            if len(taken) == MOST_ARCHIVES:
                reason = f"At most {MOST_ARCHIVES} archives at once."
                raise web.HTTPBadRequest(reason=reason)
            address = f"/v1/logs/import/har?{_asked(upload.fields)}"
            status, answer = await self._parts.upload(request, address, pieces_of(part))
            name = part.filename or "the archive"
            taken.append(Taken(name=name, status=status, answer=answer or NOT_DONE))
            await upload.skip(part)
        check_token(request, sessions, upload.fields)
        return await self._page(request, upload.fields.get("service_id"), taken)

    async def _page(
        self, request: web.Request, chosen: str | None, taken: list[Taken]
    ) -> web.Response:
        services, total = await self._parts.stores.services.page(
            limit=MAX_SERVICES, offset=0
        )
        context = {
            "services": services,
            "total": total,
            "chosen": chosen,
            "taken": taken,
        }
        status = max((one.status for one in taken if one.status >= 400), default=200)
        return await render.page(request, "import.html", context, status=status)


def _asked(fields: dict[str, str]) -> str:
    asked = {"service_id": fields.get("service_id", "")}
    if "on_error" in fields:
        asked["on_error"] = "skip"
    if "shift" in fields:
        asked["shift"] = "now"
    return urlencode(asked)


def _place(loc: list[Any]) -> str:
    """Which entry, and where in it."""
    _, *path = loc
    if len(path) > 2 and isinstance(path[2], int):
        _, _, entry, *within = path
        return f"entry {entry}: {'.'.join(map(str, within))}".removesuffix(": ")
    return ".".join(map(str, path))
