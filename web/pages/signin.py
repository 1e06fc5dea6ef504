"""Signing in and out, where the app is closed."""

import asyncio
import logging
from typing import Any

import jinja2
from aiohttp import web

from monitor.access.attempts import Bucket
from monitor.access.sessions import SESSION_COOKIE
from monitor.errors import MonitorError, TooManyRequests
from web import render
from web.parts import PageParts
from web.request.client import Client, client_of
from web.request.forms import own_fields_of
from web.request.targets import local

logger = logging.getLogger(__name__)
# Failures that are logged, each a line: at once, then one every so many seconds.
LINES_AT_ONCE, LINE_EVERY_S = 10, 6.0


class SignIn:
    def __init__(self, parts: PageParts) -> None:
        self._access = parts.access
        self._count = parts.counters.sign_ins
        self._nearest = parts.client_address
        self._lines = Bucket(LINES_AT_ONCE, LINE_EVERY_S)
        self._unsaid = 0
        self._session_s = int(parts.settings.session_hours * 3600)
        self._body_timeout_s = parts.settings.body_timeout_s

    @property
    def form_token(self) -> Any:
        """For templates: the token of this request's session."""
        access = self._access

        @jinja2.pass_context
        def token(context: jinja2.runtime.Context) -> str:
            request: web.Request = context["request"]
            return access.sessions.form_token(request.cookies.get(SESSION_COOKIE))

        return token

    async def ask(self, request: web.Request) -> web.StreamResponse:
        target = local(request.query.get("next", "/"))
        if self._access.is_open:
            raise web.HTTPFound(target)
        return await self._form(request, target)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        form = await own_fields_of(
            request, self._access.sessions, timeout_s=self._body_timeout_s
        )
        target = local(str(form.get("next", "/")))
        client = client_of(request, self._nearest)
        try:
            session = self._access.sign_in(
                str(form.get("password", "")), peer=client.key
            )
        except MonitorError as error:
            self._note_failure(client, error)
            return await self._form(request, target, error)
        self._count.labels("succeeded").inc()
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
        sessions = self._access.sessions
        await own_fields_of(request, sessions, timeout_s=self._body_timeout_s)
        cookie = request.cookies.get(SESSION_COOKIE)
        try:
            await asyncio.to_thread(sessions.end, cookie)
        except OSError:
            logger.exception("a session that was ended may be back after a restart")
        answer = web.HTTPSeeOther("/signin")
        answer.del_cookie(SESSION_COOKIE)
        raise answer

    async def _form(
        self, request: web.Request, target: str, error: MonitorError | None = None
    ) -> web.Response:
        context = {"next": target, "error": error.detail if error else None}
        status = error.status if error else 200
        page = await render.page(request, "signin.html", context, status=status)
        if error and error.retry_after_s is not None:
            page.headers["Retry-After"] = str(error.retry_after_s)
        return page

    def _note_failure(self, client: Client, error: MonitorError) -> None:
        """Who guesses may be seen, and cannot fill the log."""
        is_refused = isinstance(error, TooManyRequests)
        self._count.labels("refused" if is_refused else "failed").inc()
        if self._lines.take() > 0:
            self._unsaid += 1
            return
        extra = {"client": client.address, "way": client.key, "unsaid": self._unsaid}
        if is_refused:
            logger.warning("an attempt to sign in was refused: too many", extra=extra)
        else:
            logger.warning("an attempt to sign in failed", extra=extra)
        self._unsaid = 0


def _came_by_tls(request: web.Request) -> bool:
    """As the outermost of the proxies before us says; nothing else depends on it."""
    said = request.headers.get("X-Forwarded-Proto", "").partition(",")[0]
    return said.strip().lower() == "https"
