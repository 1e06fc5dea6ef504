"""How the app is put together: /v1, the pages, and what guards them."""

from aiohttp import web

import api.app
from api.parts import Parts


def build_app(parts: Parts, *, proxy_port: int) -> web.Application:
    app = web.Application(
        middlewares=[api.app.middleware],
        client_max_size=parts.settings.request_limit_bytes,
    )
    api.app.add_routes(app, parts)
    return app
