"""Assembly of the app: /v1, the pages, and what guards them."""

from collections.abc import Callable
from typing import Any, cast

from aiohttp.web import Application

import api.app
import web.app
from api.parts import Parts
from appliance.app import own_via
from appliance.app.own_calls import called
from appliance.app.own_uploads import uploaded
from appliance.app.stopping import AppCalls
from monitor.costs.measures import Cost
from monitor.loop.watch import LoopWatch
from proxy.routing.trust import Trust
from web.parts import PageParts


def build_app(
    parts: Parts,
    *,
    proxy_port: int,
    workers: Callable[[], list[int]],
    via: str,
    calls: AppCalls,
    watch: LoopWatch,
    cost: Callable[[], Cost],
) -> Application:
    """One application: errors of /v1 are problem+json, those of the rest are pages."""
    pages = PageParts(
        settings=parts.settings,
        access=parts.access,
        counters=parts.counters,
        client_address=Trust(parts.settings.trusted_proxies).client_address,
        helpers=parts.helpers,
        database=parts.database,
        stores=parts.stores,
        call=called,
        upload=uploaded,
        queries=parts.queries,
        standing=parts.standing,
        look=parts.look,
        cost=cost,
        workers=workers,
        watch=watch,
        routes=parts.routes,
        proxy_port=proxy_port,
    )
    page_middleware = web.app.middleware(
        pages, is_page=lambda path: not api.app.is_api(path)
    )
    app = Application(
        middlewares=[
            calls.counting(),
            own_via.refusing(via),
            api.app.middleware,
            cast(Any, page_middleware),
        ],
        client_max_size=parts.settings.request_limit_bytes,
    )
    api.app.add_routes(app, parts)
    web.app.add_routes(app, pages)
    return app
