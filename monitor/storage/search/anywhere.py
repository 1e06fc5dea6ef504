"""Texts looked for in all that a log says, in any case."""

import json
import re

from monitor.search.log_id import id_in
from monitor.search.tree import Pattern, Side, Text, part_of
from monitor.storage.search import heads, places
from monitor.storage.search.joins import BODIES, DETAILS
from monitor.storage.search.patterns import matching, part_in
from monitor.storage.search.where import Conditions

TAGS = "array_to_string(l.tags, chr(10))"
TEXTS = ("l.error", "l.note", TAGS, places.REQUEST_TEXT, places.RESPONSE_TEXT)
# Of a host, only who pastes a URL, or the end of one, wants to know.
OF_URL = re.compile(r"://|\?")
# What stands between the texts of a JSON document.
PUNCTUATION = frozenset("[]{},:")
FIELD_LINE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?(.*)", re.DOTALL)


def clause(pattern: Pattern, made: Conditions) -> str:
    """Whether a row of logs AS l, log_details AS d, log_bodies AS b says it."""
    made.see(DETAILS)
    made.see(BODIES)
    text = part_in(pattern)
    found = _pattern(pattern, made) if text is None else _text(text, made)
    return f"({' OR '.join(found)})"


def _text(text: str, made: Conditions) -> list[str]:
    plain = matching(part_of(text), made.place)
    found = [plain(column) for column in TEXTS]
    in_url = matching(part_of(text), made.place, is_encoded=True)
    columns = places.URLS if OF_URL.search(text) else ()
    found += [in_url(column) for column in ("l.path", places.QUERY, *columns)]
    for written in _in_json(text):
        found += heads.holding(written, made)
    id = id_in(text)
    if id is not None:
        found.append(f"l.id = {made.place(id)}")
    return found


def _pattern(pattern: Pattern, made: Conditions) -> list[str]:
    """In one line of a header at a time, one tag, one body."""
    holds = matching(pattern, made.place)
    found = [
        holds(column) for column in ("l.path", places.QUERY, *TEXTS) if column != TAGS
    ]
    found.append(places.any_of(Text.TAG, made, holds))
    for side in Side:
        lines = heads.lines(side, made)
        line = holds("(v.name || ': ' || v.value)")
        found.append(f"EXISTS (SELECT 1 FROM {lines} WHERE {line})")
    return found


def _in_json(text: str) -> list[str]:
    """How *text* is written within a JSON text, and a header's line in two of them."""
    if PUNCTUATION.issuperset(text):
        # It would be found between any two of them.
        return []
    found = [_json(text)]
    line = FIELD_LINE.fullmatch(text)
    if line is not None:
        name, value = _json(line[1]), _json(line[2])
        # Pairs where it was captured, an object where it was pushed.
        found += [f'{name}","{value}', f'{name}":"{value}']
    return found


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
