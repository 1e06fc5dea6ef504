"""Words of a query as they are written: names of fields, quoted and escaped texts."""

import re
from dataclasses import dataclass

from monitor.search.problem import Kind, QueryProblem
from monitor.search.tree import Regex, Span

# A regular expression as one writes it: the first slash that nothing escapes ends it,
# and a word does with it. Anything else that begins with a slash is a path.
# No part of it can be read in two ways, which would double the time with each where no
# slash follows: a bracket that begins a class is in it if another one ends it.
MEMBER = r"(?:[^\]\\]|\\.)"
CLASS = rf"\[(?:\^|(?!\^))(?:\](?={MEMBER}*\])|(?!\]{MEMBER}*\])){MEMBER}*\]"
REGEX = re.compile(rf"/((?:[^/\\\[]|\\.|{CLASS})+)/(i?)(?=[\s)]|\Z)", re.DOTALL)
# Between two slashes, what is no part of a regular expression but the next term.
TERM_INSIDE = re.compile(r"\s[-(]*(?:[a-z][\w.-]*|\$\S*):", re.IGNORECASE)
QUOTED = r'"(?:[^"\\]|\\.)*"'
JSON_NAME = re.compile(
    r"(?:(?:req|res|request|response)\.)?"
    r"\$(?:\.{1,2}[^\s.:\[\]*\"'()]+|\[(?:\d{1,6}|\*|'[^']+'|\"[^\"]+\")\])+"
)
NAME = re.compile(rf'[A-Za-z][\w-]*(?:\.(?:{QUOTED}|[^\s:".()]+))*')
ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
OPERATOR = re.compile(r">=|<=|[<>=~]")


@dataclass(frozen=True, slots=True)
class Word:
    """*pieces*: what stands before, between and behind its stars."""

    pieces: tuple[str, ...]
    span: Span
    regex: Regex | None = None
    operator: str = ""

    @property
    def text(self) -> str:
        return "*".join(self.pieces)


def name_at(text: str, at: int) -> str | None:
    """The field that is named at *at*, with a colon behind it; `http://` is none."""
    for written in (JSON_NAME, NAME):
        found = written.match(text, at)
        end = found.end() if found else at
        if found and text.startswith(":", end) and not text.startswith("//", end + 1):
            return found[0]
    return None


def value_at(text: str, at: int, *, longest_regex: int) -> Word:
    """What stands behind a field's colon: an operator perhaps, and a word."""
    found = OPERATOR.match(text, at)
    operator = found[0] if found else ""
    word = word_at(text, at + len(operator), longest_regex=longest_regex)
    span = Span(at, len(operator) + word.span.length)
    return Word(word.pieces, span, word.regex, operator)


def word_at(text: str, at: int, *, longest_regex: int) -> Word:
    """A word, which may be empty; or a regular expression. Raises QueryProblem."""
    found = REGEX.match(text, at)
    if found is None or TERM_INSIDE.search(found[1]):
        return _plain(text, at)
    span = Span(at, found.end() - at)
    if len(found[1]) > longest_regex:
        reason = f"is longer than QUERY_REGEX_CHARACTERS, {longest_regex}"
        raise QueryProblem(
            f"the regular expression {reason}", span, kind=Kind.BAD_REGEX
        )
    return Word((found[0],), span, Regex(found[1], not found[2], span))


def _plain(text: str, start: int) -> Word:
    pieces, open, at = [""], 0, start
    while at < len(text):
        character, size = text[at], 1
        if character.isspace() or (character == ")" and not open):
            break
        open += (character == "(") - (character == ")")
        if character == '"':
            character, size = _quoted(text, at)
        elif character == "\\":
            character, size = _escaped(text, at)
        elif character == "*":
            pieces.append("")
            character = ""
        pieces[-1] += character
        at += size
    return Word(tuple(pieces), Span(start, at - start))


def _escaped(text: str, at: int) -> tuple[str, int]:
    if at + 1 == len(text):
        reason = "expected a character after the backslash"
        raise QueryProblem(reason, Span(at, 1), kind=Kind.SYNTAX)
    return text[at + 1], 2


def _quoted(text: str, start: int) -> tuple[str, int]:
    """What stands in quotes, and how long it is with them."""
    made, at = "", start + 1
    while at < len(text) and text[at] != '"':
        character, size = text[at], 1
        if character == "\\" and at + 1 < len(text):
            character, size = ESCAPES.get(text[at + 1], ""), 2
            if not character:
                reason = r"expected one of \" \\ \n \r \t within quotes"
                raise QueryProblem(reason, Span(at, 2), kind=Kind.SYNTAX)
        made += character
        at += size
    if at == len(text):
        reason = "expected a closing quote"
        raise QueryProblem(reason, Span(start, at - start), kind=Kind.SYNTAX)
    return made, at + 1 - start
