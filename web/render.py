"""How a page is rendered."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web

from web.formats import FILTERS, path_parts

HERE = Path(__file__).parent
STATIC = HERE / "static"
FILES = frozenset(
    path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()
)


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


def page(
    request: web.Request,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> web.Response:
    known = {"page": template, "request": request}
    return aiohttp_jinja2.render_template(
        template, request, {**known, **context}, status=status
    )


def _assets() -> Any:
    """A static file's address, with its content's digest, so that it may be kept."""
    addresses = {}
    for name in FILES:
        digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
        addresses[name] = f"/static/{name}?v={digest}"
    return addresses.__getitem__
