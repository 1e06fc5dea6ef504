"""Patterns of texts, as LIKE and as regular expressions of PostgreSQL."""

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from monitor.search.tree import Pattern, Pieces, Regex

# Small letters that no change of case leads to, by those they are the same as.
FURTHER = {"\u03c3": "\u03c2", "\u03c2": "\u03c3\u03a3", "\u00df": "\u1e9e"}

PLAIN = re.compile(r"[A-Za-z0-9 ._~-]+")


def matching(
    pattern: Pattern, place: Callable[[object], str], *, is_encoded: bool = False
) -> Callable[[str], str]:
    """The condition that a column is as *pattern* says.

    *place* takes an argument, and gives its place in the statement. *is_encoded*: what
    is percent-encoded is the same.
    """
    if isinstance(pattern, Regex):
        operator, regular = "~" if pattern.is_cased else "~*", place(pattern.source)
        return lambda column: f"{column} {operator} {regular}"
    if pattern.is_cased:
        return _cased(pattern, place)
    return _in_any_case(pattern.pieces, place, is_encoded)


def part_in(pattern: Pattern) -> str | None:
    """The text of which *pattern* asks only that it stands somewhere."""
    match pattern:
        case Pieces(("", text, "")):
            return text
        case _:
            return None


def plain_part_in(pattern: Pattern) -> Pieces | None:
    """What stands in whatever is as *pattern* says, and in JSON of it as it is."""
    if isinstance(pattern, Regex):
        return None
    plain = max(pattern.pieces, key=len)
    return replace(pattern, pieces=("", plain, "")) if PLAIN.fullmatch(plain) else None


def _cased(pattern: Pieces, place: Callable[[object], str]) -> Callable[[str], str]:
    if len(pattern.pieces) == 1:
        whole = place(pattern.pieces[0])
        return lambda column: f"{column} = {whole}"
    part = part_in(pattern)
    if part is not None:
        found = place(part)
        return lambda column: f"position({found} IN {column}) > 0"
    like = place("%".join(map(escaped, pattern.pieces)))
    return lambda column: f"{column} LIKE {like}"


def _in_any_case(
    pieces: tuple[str, ...], place: Callable[[object], str], is_encoded: bool
) -> Callable[[str], str]:
    """LIKE knows the cases of ASCII in any locale, of other letters in some: where it
    will not do, a regular expression names each.
    """
    if all(_is_plain(c, is_encoded) for piece in pieces for c in piece):
        like = place("%".join(map(escaped, pieces)))
        return lambda column: f"{column} ILIKE {like}"
    regular = place(_regular(pieces, is_encoded))
    return lambda column: f"{column} ~ {regular}"


def _regular(pieces: tuple[str, ...], is_encoded: bool) -> str:
    written = ["".join(_of(c, is_encoded) for c in piece) for piece in pieces]
    if len(written) == 1:
        return f"^{written[0]}$"
    first = f"^{written[0]}.*" if written[0] else ""
    last = f".*{written[-1]}$" if written[-1] else ""
    return f"{first}{'.*'.join(written[1:-1])}{last}"


def _is_plain(character: str, is_encoded: bool) -> bool:
    if is_encoded and quote(character) != character:
        return False
    return character.isascii() or len(cases(character)) == 1


def _of(character: str, is_encoded: bool) -> str:
    """A regular expression for *character* in any case."""
    there = cases(character)
    literal = f"[{''.join(there)}]" if len(there) > 1 else _literal(character)
    encoded = [_percent(case) for case in there if quote(case) != case]
    if not encoded or not is_encoded:
        return literal
    if character == " ":
        encoded.append(_literal("+"))
    return f"(?:{'|'.join([literal, *encoded])})"


def cases(character: str) -> list[str]:
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


def escaped(text: str) -> str:
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return text
