"""The table of all pages."""

from collections.abc import Callable
from functools import partial

from aiohttp import web

from monitor.loop.doing import PAGE
from monitor.loop.steps import stepping
from web import errors, render
from web.forms.posting import Posting
from web.pages.about.reference import ReferencePages
from web.pages.about.troubleshooting import Troubleshooting
from web.pages.alerts import AlertsPage, ChannelsPage
from web.pages.dashboard import Dashboard
from web.pages.endpoints.listing import EndpointsPage
from web.pages.exchanges import OpenPages
from web.pages.importing import ImportPage
from web.pages.logs.compare import ComparePage
from web.pages.logs.log import LogDetailPage
from web.pages.logs.picked import PickedPage
from web.pages.logs.replay import ReplayPage
from web.pages.logs.send import SendPage
from web.pages.metrics import MetricsPage
from web.pages.services import ServicesPage
from web.pages.signin import SignIn
from web.pages.status import StatusPage
from web.pages.tokens import TokensPage
from web.pages.views import ViewsPage
from web.parts import PageParts
from web.request import security

STATIC = "/static"


def add_routes(app: web.Application, parts: PageParts) -> None:
    """The one route table of the pages."""
    signin, reference = SignIn(parts), ReferencePages(parts)
    open_now, views, posting = OpenPages(parts), ViewsPage(parts), Posting(parts)
    importing = ImportPage(parts)
    app.add_routes(
        [
            *_with_forms("/", ServicesPage(parts).show, posting),
            web.get("/dashboard", Dashboard(parts).show),
            web.post("/dashboard/picked", PickedPage(parts).take),
            web.get("/exchanges", open_now.list),
            web.get("/exchanges/{exchange_id}", open_now.one),
            web.get("/import", importing.show),
            web.post("/import", importing.take),
            *_with_forms("/log/{log_id}", LogDetailPage(parts).show, posting),
            *_with_forms("/replay", SendPage(parts).show, posting),
            *_with_forms("/replay/{log_id}", ReplayPage(parts).show, posting),
            *_with_forms("/compare", ComparePage(parts).show, posting),
            *_with_forms("/metrics-ui", MetricsPage(parts).show, posting),
            *_with_forms("/metrics-ui/endpoints", EndpointsPage(parts).show, posting),
            web.get("/docs", reference.swagger),
            web.get("/redoc", reference.redoc),
            *_with_forms("/alerts-ui", AlertsPage(parts).show, posting),
            *_with_forms("/alerts-ui/channels", ChannelsPage(parts).show, posting),
            web.get("/troubleshooting", Troubleshooting().show),
            web.get("/status", StatusPage(parts).show),
            *_with_forms("/tokens", TokensPage(parts).show, posting),
            web.get("/views", views.show),
            web.post("/views", views.save),
            web.post("/views/{view_id}", views.change),
            web.get("/signin", signin.ask),
            web.post("/signin", signin.enter),
            web.post("/signout", signin.leave),
        ]
    )
    app.router.add_static(STATIC, render.STATIC)
    render.set_up(
        app,
        is_open=parts.access.is_open,
        form_token=signin.form_token,
        here=posting.here,
        database=parts.database,
        conditions=parts.standing.conditions,
    )


def _with_forms(
    path: str, show: errors.Handler, posting: Posting
) -> tuple[web.RouteDef, web.RouteDef]:
    """A page that is shown, and whose forms come back to it without a script."""
    return web.get(path, show), web.post(path, posting.on(show))


def middleware(
    parts: PageParts, *, is_page: Callable[[str], bool]
) -> Callable[..., object]:
    """Guard, errors and headers of all that *is_page*."""

    @web.middleware
    async def pages(
        request: web.Request, handler: errors.Handler
    ) -> web.StreamResponse:
        if not is_page(request.path):
            return await handler(request)

        async def guarded(request: web.Request) -> web.StreamResponse:
            if _is_no_file(request.path):
                raise web.HTTPNotFound
            return await security.pass_on(request, handler, parts)

        try:
            response = await stepping(PAGE, partial(errors.caught, request, guarded))
        except web.HTTPException as redirect:
            security.add_headers(request, redirect)
            raise
        security.add_headers(request, response)
        return response

    return pages


def _is_no_file(path: str) -> bool:
    """Below /static only what is there is asked of the file system."""
    name = path.removeprefix(f"{STATIC}/")
    return path.startswith(STATIC) and name not in render.FILES
