"""The page of docs/troubleshooting.md."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

from monitor.errors import NotFound
from web import render

TEXT: Final = Path(__file__).parents[3] / "docs" / "troubleshooting.md"
MARKED: Final = re.compile(r"(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\([^)]+\))")
LINK: Final = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Span:
    """*kind*: the element it stands in; `span` for plain text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, a paragraph or a list; *id* is what a link to a heading ends with."""

    kind: str
    id: str
    lines: tuple[tuple[Span, ...], ...]


class Troubleshooting:
    def __init__(self) -> None:
        self._blocks = _found()

    async def show(self, request: web.Request) -> web.Response:
        if not self._blocks:
            raise NotFound("This installation has no docs/troubleshooting.md.")
        context = {"blocks": self._blocks}
        return await render.page(request, "troubleshooting.html", context)


@cache
def _found() -> list[Block]:
    return blocks_of(TEXT.read_text()) if TEXT.exists() else []


def blocks_of(text: str) -> list[Block]:
    """As much of Markdown as that file needs."""
    return [_block(part) for part in re.split(r"\n\s*\n", text.strip())]


def _block(part: str) -> Block:
    if part.startswith("#"):
        marks, _, title = part.partition(" ")
        return Block(f"h{len(marks)}", anchor(title), (_spans(title),))
    if part.startswith("* "):
        items = re.split(r"^\* ", part, flags=re.MULTILINE)[1:]
        return Block("ul", "", tuple(_spans(item) for item in items))
    return Block("p", "", (_spans(part),))


def anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _spans(text: str) -> tuple[Span, ...]:
    joined = " ".join(text.split())
    return tuple(_span(piece) for piece in MARKED.split(joined) if piece)


def _span(piece: str) -> Span:
    if MARKED.fullmatch(piece) is None:
        return Span("span", piece)
    if (link := LINK.fullmatch(piece)) is not None:
        return Span("span", f"{link[1]} (docs/{link[2]})")
    if piece.startswith("`"):
        return Span("code", piece.strip("`"))
    return Span("strong" if piece.startswith("**") else "em", piece.strip("*"))
