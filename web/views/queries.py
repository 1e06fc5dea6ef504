"""Queries as pages show them: where one is wrong, and why one finds nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from monitor.logs.log import QueryPart

# Of what stands before and behind an error.
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Mark:
    """A text with its wrong part marked."""

    before: str
    marked: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPart:
    text: str
    alone: int | None
    without: int | None
    alone_href: str
    without_href: str


def mark(text: str, at: tuple[int, int]) -> Mark:
    offset, length = at
    before, marked = text[:offset], text[offset : offset + length]
    after = text[offset + length :]
    if len(before) > SHOWN:
        before = f"…{before[-SHOWN:]}"
    return Mark(before, _cut(marked), _cut(after))


def shown_parts(
    parts: Sequence[QueryPart], filters: Sequence[tuple[str, str]]
) -> list[ShownPart]:
    """With links to the lists that they are counted of; *filters* are the page's."""
    others = [pair for pair in filters if pair[0] != "query"]
    return [
        ShownPart(
            text=part.text,
            alone=part.alone,
            without=part.without,
            alone_href=_link([("query", part.text)]),
            without_href=_link(
                [
                    *others,
                    ("query", " ".join(p.text for p in parts if p is not part)),
                ]
            ),
        )
        for part in parts
    ]


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _link(pairs: list[tuple[str, str]]) -> str:
    return f"/dashboard?{urlencode([pair for pair in pairs if pair[1]])}"
