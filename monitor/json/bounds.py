"""Bounds of a JSON text: how much there is, before values are made; its beginning."""

import re
from dataclasses import dataclass

# Quotes that are not closed reach to the end. The possessive parts never look back.
TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]', re.DOTALL)
BREAK = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Readers and writers of JSON count on some hundreds, not more.
MAX_LEVELS = 200
CLOSING = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Beginning:
    """As much of a text as was wanted; *problem* says why it is not all of it."""

    text: str
    problem: str | None = None


def values_beginning(text: str, limit: int, *, closed: bool = False) -> Beginning:
    """The first *limit* values, or fewer where they are nested too deeply.

    *closed*: with what is open at its end closed there, so that it is JSON again.
    """
    if _is_plainly_within(text, limit):
        return Beginning(text)
    open_: list[str] = []
    values = 1
    for token in TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            open_.append(CLOSING[mark])
            values += 1
        elif mark == ",":
            values += 1
        elif mark in "]}" and open_:
            open_.pop()
        if len(open_) > MAX_LEVELS:
            return Beginning("", f"it is nested more than {MAX_LEVELS} levels deep")
        if values > limit and mark == ",":
            end = "".join(reversed(open_)) if closed else ""
            return Beginning(text[: token.start()] + end, f"more than {limit:,} values")
    return Beginning(text)


def cut_closed(text: str) -> str | None:
    """What is whole of a JSON text whose end is missing, as JSON; None where nothing is
    sure to be: all up to the last comma, what is open there closed."""
    commas = [token.start() for token in TOKEN.finditer(text) if token[0] == ","]
    if not commas:
        return None
    open_: list[str] = []
    for token in TOKEN.finditer(text, 0, commas[-1]):
        if token[0] in "[{":
            open_.append(CLOSING[token[0]])
        elif token[0] in "]}" and open_:
            open_.pop()
        if len(open_) > MAX_LEVELS:
            return None
    return text[: commas[-1]] + "".join(reversed(open_))


def lines_beginning(text: str, limit: int) -> Beginning:
    """The first *limit* lines, as str.splitlines counts them."""
    # Each break is a character at least.
    if len(text) <= limit:
        return Beginning(text)
    for number, found in enumerate(BREAK.finditer(text), start=1):
        if number == limit and found.end() < len(text):
            return Beginning(text[: found.end()], f"more than {limit:,} lines")
    return Beginning(text)


def _is_plainly_within(text: str, limit: int) -> bool:
    """Those within strings are counted too: fast, and on the safe side."""
    opened = text.count("[") + text.count("{")
    return opened <= MAX_LEVELS and opened + text.count(",") < limit
