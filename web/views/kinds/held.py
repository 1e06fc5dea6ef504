"""Values of a tree that queries find by the body's text: they have no path to them.

Of one JSON document queries have paths. Lines of them, what is whole of a body that was
cut, and texts within MessagePack or Protocol Buffers are found as what stands there.
"""

import json
from collections.abc import Iterator

from monitor.content.kinds.tree import TreeRow

# Where they are looked for in the body.
HELD_CHARACTERS = 64 * 1024
LONGEST = 200
LITERALS = ("number", "boolean", "null")
BODIES = {"request": "req.body", "response": "res.body"}


def held_in_json(rows: list[TreeRow], text: str, side: str) -> list[TreeRow]:
    """As name and value, however they are spelled there; items of arrays alone, if
    they are texts."""
    begin = text[:HELD_CHARACTERS]
    return [_held(row, _spelled(row), begin, side) for row in rows]


def held_as_text(rows: list[TreeRow], text: str | None, side: str) -> list[TreeRow]:
    """None of them where the body is not stored as text, which no query looks into."""
    if text is None:
        return rows
    begin = text[:HELD_CHARACTERS]
    return [
        _held(row, iter([row.text] if row.type == "string" else []), begin, side)
        for row in rows
    ]


def _held(row: TreeRow, spellings: Iterator[str], text: str, side: str) -> TreeRow:
    if row.state != "leaf" or row.asked or not 0 < len(row.text) <= LONGEST:
        return row
    found = next((one for one in spellings if one in text), None)
    return row if found is None else row._replace(asked=BODIES[side], held=found)


def _spelled(row: TreeRow) -> Iterator[str]:
    values = [row.text] if row.type in LITERALS else []
    if row.type == "string":
        values = _quoted(row.text)
    is_item = row.step.startswith("[") and row.step[1:2].isdigit()
    if is_item or not row.name:
        yield from values if row.type == "string" else ()
        return
    for name in _quoted(row.name):
        for value in values:
            yield f"{name}:{value}"
            yield f"{name}: {value}"


def _quoted(text: str) -> list[str]:
    """Characters as they are, and escaped, where that differs."""
    both = (json.dumps(text, ensure_ascii=False), json.dumps(text))
    return list(dict.fromkeys(both))
