"""XML laid out by its marks alone: no parser, so nothing in it is resolved."""

import re
from typing import Final

MARKS: Final = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<![^>\[]*(?:\[[^\]]*\])?[^>]*>|<[^>]+>",
    re.DOTALL,
)
MAX_MARKS: Final = 20_000
MAX_INDENTED: Final = 40


def laid_out(text: str) -> str | None:
    """An element a line; one that holds text only stays on its line. None where there
    is nothing to lay out, or too much."""
    pieces = _pieces(text)
    if pieces is None:
        return None
    lines: list[str] = []
    depth, n = 0, 0
    while n < len(pieces):
        piece = pieces[n]
        if _is_closing(piece):
            depth = max(depth - 1, 0)
        indent = "  " * min(depth, MAX_INDENTED)
        if _is_opening(piece):
            inner = pieces[n + 1 : n + 3]
            if len(inner) == 2 and inner[0][0] != "<" and _is_closing(inner[1]):
                lines.append(indent + piece + inner[0] + inner[1])
                n += 3
                continue
            depth += 1
        lines.append(indent + piece)
        n += 1
    return "\n".join(lines)


def _pieces(text: str) -> list[str] | None:
    """Marks and the texts between them that are more than space."""
    made: list[str] = []
    at = 0
    for found in MARKS.finditer(text):
        if between := text[at : found.start()].strip():
            made.append(between)
        made.append(found[0])
        at = found.end()
        if len(made) > MAX_MARKS:
            return None
    if rest := text[at:].strip():
        made.append(rest)
    return made if len(made) > 1 else None


def _is_closing(piece: str) -> bool:
    return piece.startswith("</")


def _is_opening(piece: str) -> bool:
    return piece[0] == "<" and piece[1:2] not in ("/", "!", "?") and piece[-2:] != "/>"
