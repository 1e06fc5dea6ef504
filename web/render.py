"""The rendering of a page."""

import asyncio
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web

from web.views.formats import FILTERS, path_parts

HERE = Path(__file__).parent
STATIC = HERE / "static"
FILES = frozenset(
    path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()
)
# What is written of a page in one turn of the loop: about a millisecond's worth.
PIECES = 200
PIECE_CHARACTERS = 64 * 1024


def set_up(app: web.Application, **known: Any) -> None:
    """Templates with autoescape on; *known* is there in each of them."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(known, asset=_assets(), path_parts=path_parts)


async def page(
    request: web.Request,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> web.Response:
    """Written piece by piece: a long page takes many turns of the loop, not one."""
    known = {"page": template, "request": request, **context}
    found = aiohttp_jinja2.get_env(request.app).get_template(template)
    written: list[bytes] = []
    waiting: list[str] = []
    for piece in found.generate(known):
        waiting.append(piece)
        if len(waiting) == PIECES or len(piece) > PIECE_CHARACTERS:
            written.append("".join(waiting).encode())
            waiting.clear()
            await asyncio.sleep(0)
    written.append("".join(waiting).encode())
    return web.Response(
        body=b"".join(written),
        status=status,
        content_type="text/html",
        charset="utf-8",
    )


@cache
def _assets() -> Any:
    """A static file's address, with its content's digest, so that it may be kept."""
    addresses = {}
    for name in FILES:
        digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
        addresses[name] = f"/static/{name}?v={digest}"
    return addresses.__getitem__
