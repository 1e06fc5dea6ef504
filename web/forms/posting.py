"""A form of a page that is posted: its call is made, and what follows is shown."""

from collections.abc import Mapping
from functools import partial
from re import compile as pattern
from typing import Any
from urllib.parse import quote

import jinja2
from aiohttp import web

from monitor.access.sessions import SESSION_COOKIE
from monitor.errors import InvalidInput, MonitorError
from web import render
from web.errors import Handler
from web.forms.asked import ASKED, RELOAD, SURE, TOKEN, TYPED, Asked, Here, asked_of
from web.forms.refused import Problem, filled
from web.forms.values import body_of
from web.parts import PageParts
from web.request.forms import fields_of
from web.request.targets import local

# Of answers, what is never shown again.
SHOWN_ONCE = {"raw_key": "key", "raw_token": "token", "secret": "secret"}
FIELD = pattern(r"\{(\w+)\}")
NOT_TYPED = Problem(status=422, errors={"": "The name is not the same."})


class Posting:
    """Takes what the forms of a page send where there is no script."""

    def __init__(self, parts: PageParts) -> None:
        self._sessions = parts.access.sessions
        self._call = parts.call
        self._body_timeout_s = parts.settings.body_timeout_s

    @property
    def here(self) -> Any:
        """For templates: the page they are of, which its forms come back to."""

        @jinja2.pass_context
        def here(context: jinja2.runtime.Context) -> Here:
            request: web.Request = context["request"]
            cookie = request.cookies.get(SESSION_COOKIE)
            sign = partial(self._sessions.form_token, cookie)
            return Here(path=request.path_qs, sign=sign)

        return here

    def on(self, show: Handler) -> Handler:
        """What takes the forms of the page that *show* shows."""
        return partial(self._take, show)

    async def _take(self, show: Handler, request: web.Request) -> web.StreamResponse:
        form = await fields_of(request, timeout_s=self._body_timeout_s)
        self._sessions.check_form_token(
            request.cookies.get(SESSION_COOKIE),
            str(form.get(TOKEN, "")),
            of=str(form.get(ASKED, "")),
        )
        asked = asked_of(form)
        if asked.equal and form.get(TYPED) != asked.equal:
            return await _refused(request, show, asked, form, NOT_TYPED)
        if asked.confirm and SURE not in form:
            context = {"title": "Are you sure?", "text": asked.confirm, "said": []}
            return await _again(request, context, form, asked.button, 200)
        return await self._done(request, show, asked, form)

    async def _done(
        self,
        request: web.Request,
        show: Handler,
        asked: Asked,
        form: Mapping[str, Any],
    ) -> web.StreamResponse:
        try:
            is_bare = asked.method == "DELETE"
            body = b"" if is_bare else body_of(form, asked)
        except InvalidInput as error:
            said = {"errors": [{"loc": e.loc, "msg": e.msg} for e in error.errors]}
            problem = Problem.of(error.status, said)
            return await _refused(request, show, asked, form, problem)
        pressed = asked.pressed(form)
        status, answer = await self._call(request, pressed.method, pressed.path, body)
        if status >= 400:
            problem = Problem.of(status, answer or {})
            return await _refused(request, show, asked, form, problem)
        target = _following(request, pressed, answer)
        for name, word in SHOWN_ONCE.items():
            if shown := (answer or {}).get(name):
                context = {"word": word, "shown": shown, "next": target}
                return await render.page(request, "shown_once.html", context)
        raise web.HTTPSeeOther(target)


def _following(
    request: web.Request, asked: Asked, answer: Mapping[str, Any] | None
) -> str:
    if asked.then == RELOAD:
        return request.path_qs
    known = answer or {}
    made = FIELD.sub(lambda m: quote(str(known.get(m[1], "")), safe=""), asked.then)
    return local(made)


async def _refused(
    request: web.Request,
    show: Handler,
    asked: Asked,
    form: Mapping[str, Any],
    problem: Problem,
) -> web.StreamResponse:
    """The page again, or what was given where the page or its form is not there now."""
    page = await _shown(request, show)
    body = page and filled(page, asked, form, problem)
    if body is None:
        context = {
            "title": "Not done",
            "text": problem.all_said(),
            "said": [
                (name, form[name])
                for name in asked.kinds
                if form.get(name) and name not in asked.unseen
            ],
        }
        return await _again(request, context, form, "Try again", problem.status)
    return web.Response(
        text=body, status=problem.status, content_type="text/html", charset="utf-8"
    )


async def _shown(request: web.Request, show: Handler) -> str | None:
    try:
        page = await show(request)
    except (MonitorError, web.HTTPException):
        return None
    body = page.body if isinstance(page, web.Response) else None
    return body.decode() if isinstance(body, bytes) else None


async def _again(
    request: web.Request,
    context: Mapping[str, Any],
    form: Mapping[str, Any],
    button: str,
    status: int,
) -> web.StreamResponse:
    carried = [(name, str(value)) for name, value in form.items() if name != SURE]
    known = {"button": button, "carried": carried, "sure": SURE, **context}
    return await render.page(request, "again.html", known, status=status)
