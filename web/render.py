"""The rendering of a page."""

import asyncio
import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from monitor.traffic.mask import MASK
from web.modules import imported
from web.views.formats import FILTERS, path_parts
from web.views.sifting import sift, sift_moment

HERE = Path(__file__).resolve().parent
RETRY_AFTER_S = "2"
STATIC = HERE / "static"
FILES = frozenset(
    path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()
)
# What is written of a page in one turn of the loop: about a millisecond's worth.
PIECES = 200
PIECE_CHARACTERS = 64 * 1024
# A break that is part of a text, as the one before a textarea's, has no indentation.
CONTINUED = re.compile(r"\n +")


class OneLine(Extension):
    """What a template breaks over lines, as a sentence, is one line of the page."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            if token.type == "data":
                token = Token(token.lineno, "data", CONTINUED.sub(" ", token.value))
            yield token


def set_up(app: web.Application, **known: Any) -> None:
    """Templates with autoescape on; *known* is there in each of them."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[OneLine],
    )
    environment.filters.update(FILTERS)
    environment.globals.update(
        known,
        asset=_assets(),
        mask=MASK,
        modules=_modules,
        path_parts=path_parts,
        sift=sift,
        sift_moment=sift_moment,
    )


async def page(
    request: web.Request,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> web.Response:
    """Written piece by piece: a long page takes many turns of the loop, not one.

    One that is not available now says when to come again.
    """
    known = {"page": template, "request": request, **context}
    found = aiohttp_jinja2.get_env(request.app).get_template(template)
    rendering = found.new_context(known)
    try:
        body = await _written(found.root_render_func(rendering))
    finally:
        # A macro of the page holds what it is rendered in, which holds the macro.
        rendering.vars.clear()
    response = web.Response(
        body=body, status=status, content_type="text/html", charset="utf-8"
    )
    if status == web.HTTPServiceUnavailable.status_code:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return response


async def _written(pieces: Iterator[str]) -> bytes:
    written: list[bytes] = []
    waiting: list[str] = []
    for piece in pieces:
        waiting.append(piece)
        if len(waiting) == PIECES or len(piece) > PIECE_CHARACTERS:
            written.append(_encoded(waiting))
            waiting.clear()
            await asyncio.sleep(0)
    written.append(_encoded(waiting))
    return b"".join(written)


def _encoded(pieces: list[str]) -> bytes:
    """JSON may have half a character, which UTF-8 has not: it is shown as escaped."""
    return "".join(pieces).encode(errors="backslashreplace")


@cache
def _assets() -> Any:
    """A static file's address, with its content's digest, so that it may be kept."""
    addresses = {}
    for name in FILES:
        digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
        addresses[name] = f"/static/{name}?v={digest}"
    return addresses.__getitem__


@cache
def _modules(name: str) -> list[str]:
    """Addresses of what a script imports, to be asked for at once."""
    return [f"/static/{module}" for module in imported(STATIC, name)]
