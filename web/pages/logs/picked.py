"""What is done with picked logs, or with all of a list, where there is no script.

First it is said with how many, then it is done by the calls of /v1.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import orjson
from aiohttp import web

from monitor.logs.log import LogItem
from monitor.logs.query import parse_log_query
from web import render
from web.listing.asked import asked
from web.parts import PageParts
from web.request.forms import own_fields_of
from web.views.formats import count

# So many a query may name; scripts take more, part by part.
MOST = 40
# Of a deletion, steps that a page waits for: what is left is asked for again.
MOST_STEPS = 20
EXPORTS = {"har": "/v1/logs.har", "ndjson": "/v1/logs.ndjson"}
VERBS = {
    "pin": ("Pin", "pinned"),
    "tag": ("Tag", "tagged"),
    "replay": ("Send again", "sent again"),
    "delete": ("Delete", "deleted"),
    "delete-found": ("Delete", "deleted"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """*listed*: the query string of the list they were picked from."""

    do: str
    ids: list[UUID]
    listed: str
    tag: str

    @property
    def query(self) -> str:
        """What finds them, or all of the list."""
        if self.do == "delete-found":
            called = asked(parse_qsl(self.listed), datetime.now(UTC)).called_filters
            return urlencode(called)
        return urlencode({"query": f"id:({' OR '.join(map(str, self.ids))})"})

    @property
    def back(self) -> str:
        return f"/dashboard?{self.listed}" if self.listed else "/dashboard"


@dataclass(frozen=True, slots=True)
class Outcome:
    """*problem*: why not; *replay*: the log of one that was sent again."""

    log: LogItem
    problem: str | None = None
    replay: dict[str, Any] | None = None


class PickedPage:
    def __init__(self, parts: PageParts) -> None:
        self._parts = parts

    async def take(self, request: web.Request) -> web.StreamResponse:
        form = await own_fields_of(
            request,
            self._parts.access.sessions,
            timeout_s=self._parts.settings.body_timeout_s,
        )
        picked = Picked(
            do=str(form.get("do", "")),
            ids=_ids(form.getall("id", [])),
            listed=str(form.get("from", "")),
            tag=str(form.get("tag", "")).strip(),
        )
        problem = _refused(picked)
        if problem is not None:
            return await self._say(request, picked, problem, status=422)
        if picked.do == "compare":
            a, b = picked.ids
            raise web.HTTPSeeOther(f"/compare?a={a}&b={b}")
        if picked.do in EXPORTS:
            raise web.HTTPSeeOther(f"{EXPORTS[picked.do]}?{picked.query}")
        return await self._change(request, picked, is_sure="sure" in form)

    async def _change(
        self, request: web.Request, picked: Picked, *, is_sure: bool
    ) -> web.StreamResponse:
        if picked.do.startswith("delete"):
            return await self._delete(request, picked, is_sure=is_sure)
        filter, page = parse_log_query(
            parse_qsl(f"{picked.query}&limit=500"), self._parts.queries
        )
        logs = await self._parts.stores.logs.page(filter, page)
        is_named = picked.do != "tag" or picked.tag
        if not is_sure or not is_named or not logs.items:
            return await self._ask(request, picked, logs.items)
        each = [await self._one(request, picked, log) for log in logs.items]
        done = sum(outcome.problem is None for outcome in each)
        said = f"{_logs(done)} {VERBS[picked.do][1]}."
        return await self._say(request, picked, said, outcomes=each)

    async def _ask(
        self, request: web.Request, picked: Picked, logs: Sequence[LogItem]
    ) -> web.Response:
        methods = Counter(log.method for log in logs)
        context = {
            "picked": picked,
            "logs": logs,
            "asked": f"{VERBS[picked.do][0]}: {_logs(len(logs))}",
            "methods": ", ".join(f"{n} {name}" for name, n in methods.items()),
        }
        return await render.page(request, "picked.html", context)

    async def _one(self, request: web.Request, picked: Picked, log: LogItem) -> Outcome:
        address = f"/v1/logs/{log.id}"
        content: dict[str, Any] = {}
        match picked.do:
            case "pin":
                method, content = "PATCH", {"pinned": True}
            case "tag":
                tags = list(dict.fromkeys([*log.tags, picked.tag]))
                method, content = "PATCH", {"tags": tags}
            case _:
                method, address = "POST", f"{address}/replay"
        status, answer = await self._parts.call(
            request, method, address, orjson.dumps(content)
        )
        if status >= 400:
            return Outcome(log, _reason(answer))
        return Outcome(log, replay=answer if picked.do == "replay" else None)

    async def _delete(
        self, request: web.Request, picked: Picked, *, is_sure: bool
    ) -> web.Response:
        """Counted first; then step by step, as many as a page may wait for."""
        if not is_sure:
            status, said = await self._removed(request, picked, "&dry_run=true")
            if status >= 400:
                return await self._say(request, picked, _reason(said), status=status)
            context = {"picked": picked, "logs": [], "asked": _gone("Delete", said)}
            return await render.page(request, "picked.html", {**context, "methods": ""})
        gone, after = Counter[str](), ""
        for _ in range(MOST_STEPS):
            status, said = await self._removed(request, picked, after)
            if status >= 400:
                done = f"{_logs(gone['deleted'])} deleted. {_reason(said)}"
                return await self._say(request, picked, done, status=status)
            gone.update({n: said[n] for n in ("deleted", "replays_deleted")})
            if not said["next_cursor"]:
                return await self._say(
                    request, picked, f"{_logs(gone['deleted'])} deleted."
                )
            after = f"&{urlencode({'cursor': said['next_cursor']})}"
        rest = f"{_logs(gone['deleted'])} deleted, and there are more: delete again."
        return await self._say(request, picked, rest)

    async def _removed(
        self, request: web.Request, picked: Picked, more: str
    ) -> tuple[int, Any]:
        address = f"/v1/logs?{picked.query}{more}"
        return await self._parts.call(request, "DELETE", address, b"")

    async def _say(
        self,
        request: web.Request,
        picked: Picked,
        text: str,
        *,
        outcomes: list[Outcome] | None = None,
        status: int = 200,
    ) -> web.Response:
        context = {"picked": picked, "text": text, "outcomes": outcomes or []}
        context["is_done"] = status < 400
        return await render.page(request, "picked_done.html", context, status=status)


def _ids(given: list[Any]) -> list[UUID]:
    found = []
    for text in given:
        try:
            found.append(UUID(str(text)))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def _refused(picked: Picked) -> str | None:
    """Why nothing can be done with what was picked."""
    chosen = len(picked.ids)
    if picked.do == "delete-found":
        return None if picked.query else "Without a filter that would be every log."
    if picked.do not in (*VERBS, *EXPORTS, "compare"):
        return "There is no such action."
    if not chosen:
        return "No log is picked: tick the boxes of some first."
    if picked.do == "compare" and chosen != 2:
        return f"Two logs are compared; {count(chosen)} picked."
    if chosen > MOST:
        return f"At most {MOST} at once without JavaScript; {count(chosen)} are picked."
    return None


def _logs(number: int) -> str:
    return f"{count(number)} {'log' if number == 1 else 'logs'}"


def _gone(verb: str, said: dict[str, Any]) -> str:
    more = "" if said["complete"] else " or more"
    replays = said["replays_deleted"]
    also = f" and {count(replays)} replays of them" if replays else ""
    return f"{verb}: {_logs(said['deleted'])}{more}{also}"


def _reason(answer: Any) -> str:
    errors = (answer or {}).get("errors") or []
    said = "; ".join(one["msg"] for one in errors) or (answer or {}).get("detail")
    text = str(said or "That did not work")
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
