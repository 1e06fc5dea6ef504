"""Texts looked for in what a log says, in any case."""

import json
import re
from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

from monitor.traffic.ids import is_log_id

# Decoded text of a body: kept apart where the body is coded, else read in place.
# CASE keeps convert_from from bytes that are no UTF-8.
REQUEST_TEXT = """
    CASE WHEN b.request_is_text THEN convert_from(b.request_body, 'UTF8')
         ELSE b.request_text END
"""
RESPONSE_TEXT = """
    CASE WHEN b.response_is_text THEN convert_from(b.response_body, 'UTF8')
         ELSE b.response_text END
"""
TAGS = "array_to_string(l.tags, chr(10))"
TEXTS = ("l.error", "l.note", TAGS, REQUEST_TEXT, RESPONSE_TEXT)
# JSON of names and values.
HEADERS = (
    "convert_from(d.request_headers, 'UTF8')",
    "convert_from(d.response_headers, 'UTF8')",
)
QUERY = "substr(l.url, nullif(position('?' IN l.url), 0))"
# Of a host, only who pastes a URL, or the end of one, wants to know.
URLS = ("l.url", "l.client_url")
OF_URL = re.compile(r"://|\?")
# What stands between the texts of a JSON document.
PUNCTUATION = frozenset("[]{},:")
FIELD_LINE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?(.*)", re.DOTALL)
LOG_ID = re.compile(
    r"(?:https?://\S*/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?(?:[?#]\S*)?",
    re.IGNORECASE,
)
# Small letters that no change of case leads to, by those they are the same as.
FURTHER = {"\u03c3": "\u03c2", "\u03c2": "\u03c3\u03a3", "\u00df": "\u1e9e"}


def id_in(text: str) -> UUID | None:
    """The log's id that *text* is, or is the URL of."""
    found = LOG_ID.fullmatch(text.strip())
    if found is None:
        return None
    id = UUID(found[1])
    return id if is_log_id(id) else None


def clause(text: str, place: Callable[[object], str]) -> str:
    """Whether a row of logs AS l, log_details AS d, log_bodies AS b has *text*.

    *place* takes an argument, and gives its place in the statement.
    """
    plain = _match(text, place)
    found = [plain(column) for column in TEXTS]
    in_url = _match(text, place, is_encoded=True)
    columns = URLS if OF_URL.search(text) else ()
    found += [in_url(column) for column in ("l.path", QUERY, *columns)]
    for pattern in _in_json(text):
        in_headers = _match(pattern, place)
        found += [in_headers(column) for column in HEADERS]
    id = id_in(text)
    if id is not None:
        found.append(f"l.id = {place(id)}")
    return f"({' OR '.join(found)})"


def _match(
    text: str, place: Callable[[object], str], *, is_encoded: bool = False
) -> Callable[[str], str]:
    """*is_encoded*: what is percent-encoded is the same.

    LIKE knows the cases of ASCII in any locale, of other letters in some: where it will
    not do, a regular expression names each.
    """
    if all(_is_plain(character, is_encoded) for character in text):
        like = place(f"%{_escaped(text)}%")
        return lambda column: f"{column} ILIKE {like}"
    regular = place("".join(_of(character, is_encoded) for character in text))
    return lambda column: f"{column} ~ {regular}"


def _is_plain(character: str, is_encoded: bool) -> bool:
    if is_encoded and quote(character) != character:
        return False
    return character.isascii() or len(_cases(character)) == 1


def _of(character: str, is_encoded: bool) -> str:
    """A regular expression for *character* in any case."""
    cases = _cases(character)
    literal = f"[{''.join(cases)}]" if len(cases) > 1 else _literal(character)
    encoded = [_percent(case) for case in cases if quote(case) != case]
    if not encoded or not is_encoded:
        return literal
    if character == " ":
        encoded.append(_literal("+"))
    return f"(?:{'|'.join([literal, *encoded])})"


def _cases(character: str) -> list[str]:
    found = [character, character.lower(), character.upper(), character.title()]
    further = [extra for one in found for extra in FURTHER.get(one, "")]
    return [c for c in dict.fromkeys([*found, *further]) if len(c) == 1]


def _literal(character: str) -> str:
    is_special = character.isascii() and not character.isalnum()
    return f"\\{character}" if is_special and character.isprintable() else character


def _percent(character: str) -> str:
    """`%c3%84`, its digits in either case."""
    return "".join(
        f"[{digit.lower()}{digit}]" if digit.isalpha() else digit
        for digit in quote(character)
    )


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


def _escaped(text: str) -> str:
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return text
