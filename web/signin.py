"""Signing in and out, where the app is closed."""

from typing import Any

import jinja2
from aiohttp import web

from monitor.access import SESSION_COOKIE
from monitor.errors import MonitorError
from web import render
from web.forms import fields_of
from web.parts import PageParts


class SignIn:
    def __init__(self, parts: PageParts) -> None:
        self._access = parts.access
        self._session_s = int(parts.settings.session_hours * 3600)
        self._body_timeout_s = parts.settings.body_timeout_s

    @property
    def form_token(self) -> Any:
        """For templates: the token of this request's session."""
        access = self._access

        @jinja2.pass_context
        def token(context: jinja2.runtime.Context) -> str:
            request: web.Request = context["request"]
            return access.form_token(request.cookies.get(SESSION_COOKIE))

        return token

    async def ask(self, request: web.Request) -> web.StreamResponse:
        target = _local(request.query.get("next", "/"))
        if self._access.is_open:
            raise web.HTTPFound(target)
        return await self._form(request, target)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        form = await fields_of(request, timeout_s=self._body_timeout_s)
        target = _local(str(form.get("next", "/")))
        cookie = request.cookies.get(SESSION_COOKIE)
        self._access.check_form_token(cookie, str(form.get("token", "")))
        try:
            session = self._access.sign_in(
                str(form.get("password", "")), peer=request.remote or ""
            )
        except MonitorError as error:
            return await self._form(request, target, error)
        answer = web.HTTPSeeOther(target)
        answer.set_cookie(
            SESSION_COOKIE,
            session,
            max_age=self._session_s,
            httponly=True,
            samesite="Lax",
            secure=_came_by_tls(request),
        )
        raise answer

    async def leave(self, request: web.Request) -> web.StreamResponse:
        form = await fields_of(request, timeout_s=self._body_timeout_s)
        cookie = request.cookies.get(SESSION_COOKIE)
        self._access.check_form_token(cookie, str(form.get("token", "")))
        answer = web.HTTPSeeOther("/signin")
        answer.del_cookie(SESSION_COOKIE)
        raise answer

    async def _form(
        self, request: web.Request, target: str, error: MonitorError | None = None
    ) -> web.Response:
        context = {"next": target, "error": error.detail if error else None}
        status = error.status if error else 200
        return await render.page(request, "signin.html", context, status=status)


def _came_by_tls(request: web.Request) -> bool:
    """As the outermost of the proxies before us says; nothing else depends on it."""
    said = request.headers.get("X-Forwarded-Proto", "").partition(",")[0]
    return said.strip().lower() == "https"


def _local(target: str) -> str:
    """A path of this app, whatever was asked for: no open redirect."""
    is_local = target.startswith("/") and not target.startswith(("//", "/\\"))
    is_plain = all(" " < character < "\x7f" for character in target)
    return target if is_local and is_plain and "\\" not in target else "/"
