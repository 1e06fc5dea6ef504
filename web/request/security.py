"""Security of pages: what they demand of a request, and forbid the browser."""

from urllib.parse import quote

from aiohttp import web

from monitor.access.guard import RequestFacts
from monitor.access.sessions import SESSION_COOKIE
from web.errors import Handler
from web.parts import PageParts

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
# ReDoc makes an empty style element, which it fills by CSSOM, and one for its
# scrollbars: the digests of both texts.
REDOC_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
)
REDOC_POLICY = POLICY.replace(
    "style-src 'self'", " ".join(("style-src 'self'", *REDOC_STYLES))
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
OPEN_PATHS = ("/signin", "/static/")
KEEP_STATIC = "public, max-age=31536000, immutable"


def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    is_static = request.path.startswith("/static/") and response.status in (200, 304)
    kept = KEEP_STATIC if "v" in request.query else "no-cache"
    response.headers.setdefault("Cache-Control", kept if is_static else "no-store")


def guard(request: web.Request, parts: PageParts) -> None:
    """Refuse foreign origins; send who is not signed in to the sign-in.

    Raises Forbidden, web.HTTPFound.
    """
    parts.access.guard.check(RequestFacts.of(request.method, request.headers))
    if parts.access.is_open or request.path.startswith(OPEN_PATHS):
        return
    if not parts.access.sessions.holds(request.cookies.get(SESSION_COOKIE)):
        raise web.HTTPFound(f"/signin?next={quote(request.path_qs, safe='')}")


async def pass_on(
    request: web.Request, handler: Handler, parts: PageParts
) -> web.StreamResponse:
    guard(request, parts)
    return await handler(request)
