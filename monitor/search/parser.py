"""The parser: the text of a query becomes its tree, or says where it cannot."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.search import leaves, regexes
from monitor.search.fields import Called, closest, find
from monitor.search.given import Expected, Given
from monitor.search.problem import Kind, QueryProblem, shown
from monitor.search.table import FIELDS
from monitor.search.tree import And, Node, Not, Or, Query, Span
from monitor.search.words import Word, name_at, value_at, word_at

KEYWORD = re.compile(r"(AND|OR|NOT)(?=[\s()]|\Z)")
BLANKS = re.compile(r"\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of a query is read."""

    characters: int
    terms: int
    depth: int
    regex_characters: int


def parse(text: str, bounds: Bounds, *, now: datetime) -> Query:
    """Raises QueryProblem."""
    if len(text) > bounds.characters:
        more = Span(bounds.characters, len(text) - bounds.characters)
        reason = f"is longer than QUERY_CHARACTERS, {bounds.characters}"
        raise QueryProblem(f"the query {reason}", more, kind=Kind.TOO_LONG)
    for at, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            reason = "must not hold NUL or lone surrogates"
            raise QueryProblem(reason, Span(at, 1), kind=Kind.SYNTAX)
    return Query(text, _Parser(text, bounds, now).whole())


class _Parser:
    """Recursive descent; *at* is where it has come to."""

    def __init__(self, text: str, bounds: Bounds, now: datetime) -> None:
        self._text = text
        self._bounds = bounds
        self._now = now
        self._at = 0
        self._terms = 0

    def whole(self) -> Node:
        self._skip()
        if self._is_over():
            span = Span(0, len(self._text))
            raise QueryProblem("expected something to look for", span, kind=Kind.SYNTAX)
        tree = self._any(0, None)
        if not self._is_over():
            reason = "expected no closing parenthesis here: none is open"
            raise QueryProblem(reason, Span(self._at, 1), kind=Kind.SYNTAX)
        return tree

    def _any(self, depth: int, field: Called | None) -> Node:
        """One or more with OR between them, up to a closing parenthesis or the end."""
        start = self._at
        parts = [self._all(depth, field, None)]
        while (word := self._keyword("OR")) is not None:
            parts.append(self._all(depth, field, word))
        return parts[0] if len(parts) == 1 else Or(tuple(parts), self._since(start))

    def _all(self, depth: int, field: Called | None, after: Span | None) -> Node:
        """One or more that have to hold all, with AND between them or nothing."""
        start = self._at
        parts = [self._one(depth, field, after)]
        while True:
            word = self._keyword("AND")
            if word is None and (self._is_end() or self._next_keyword() == "OR"):
                break
            parts.append(self._one(depth, field, word))
        return parts[0] if len(parts) == 1 else And(tuple(parts), self._since(start))

    def _one(self, depth: int, field: Called | None, after: Span | None) -> Node:
        start = self._at
        sign = self._keyword("NOT") or self._minus()
        if sign is not None:
            self._check_depth(depth + 1, sign)
            return Not(self._one(depth + 1, field, sign), self._since(start))
        if self._is_end() or self._next_keyword():
            raise self._lacking(after)
        if self._is_next("("):
            return self._group(depth, field)
        return self._term(depth, field)

    def _group(self, depth: int, field: Called | None) -> Node:
        opening = Span(self._at, 1)
        self._check_depth(depth + 1, opening)
        self._move(1)
        node = self._any(depth + 1, field)
        if not self._is_next(")"):
            reason = "expected a closing parenthesis for this one"
            raise QueryProblem(reason, opening, kind=Kind.SYNTAX)
        self._move(1)
        return replace(node, span=self._since(opening.offset))

    def _term(self, depth: int, field: Called | None) -> Node:
        start = self._at
        name = name_at(self._text, start)
        if name is not None:
            field = self._called(name)
            self._at += len(name) + 1
            if self._is_next("("):
                return self._group(depth, field)
        longest = self._bounds.regex_characters
        read = word_at if field is None else value_at
        word = read(self._text, self._at, longest_regex=longest)
        self._terms += 1
        self._at = word.span.offset + word.span.length
        span = Span(start, self._at - start)
        if self._terms > self._bounds.terms:
            reason = f"the query has more than QUERY_TERMS, {self._bounds.terms}, terms"
            raise QueryProblem(reason, span, kind=Kind.TOO_MANY_TERMS)
        if word.span.length == len(word.operator):
            reason = f"expected a value after {shown(self._text[start : self._at])}"
            raise QueryProblem(reason, span, kind=Kind.BAD_VALUE)
        if word.regex is not None:
            regexes.check(word.regex)
        node = self._leaf(field, word)
        self._skip()
        return placed(node, span)

    def _called(self, name: str) -> Called:
        found = find(name, FIELDS)
        if found is not None and (found.name or not found.field.is_family):
            return found
        span = Span(self._at, len(name))
        likely = closest(name, FIELDS)
        meant = f", perhaps {shown(likely)}" if likely else ""
        raise QueryProblem(
            f"there is no field {shown(name)}{meant}; in quotes it is a text to look "
            "for",
            span,
            kind=Kind.UNKNOWN_FIELD,
            suggestion=likely,
        )

    def _leaf(self, field: Called | None, word: Word) -> Node:
        given = Given(
            operator=word.operator,
            pieces=word.pieces,
            regex=word.regex,
            now=self._now,
            named=field.name if field else "",
        )
        try:
            return leaves.anywhere(given) if field is None else field.field.leaf(given)
        except Expected as error:
            after = (
                f" after {shown(f'{field.field.name}{field.name}:')}" if field else ""
            )
            raise QueryProblem(
                f"expected {error}{after}, not {shown(word.operator + word.text)}",
                word.span,
                kind=Kind.BAD_VALUE,
            ) from None

    def _lacking(self, after: Span | None) -> QueryProblem:
        found = KEYWORD.match(self._text, self._at)
        if after is not None:
            word = self._text[after.offset : after.offset + after.length]
            reason, span = f"expected a term after {shown(word)}", after
        elif found:
            span = Span(self._at, len(found[0]))
            reason = f"expected a term before {shown(found[0])}"
        elif self._is_over():
            span = Span(len(self._text.rstrip()) - 1, 1)
            reason = "expected a term after this parenthesis"
        else:
            span = Span(self._at, 1)
            reason = "expected a term before this parenthesis"
        return QueryProblem(reason, span, kind=Kind.SYNTAX)

    def _check_depth(self, depth: int, span: Span) -> None:
        if depth > self._bounds.depth:
            reason = f"is nested deeper than QUERY_DEPTH, {self._bounds.depth}"
            raise QueryProblem(f"the query {reason}", span, kind=Kind.TOO_DEEP)

    def _keyword(self, word: str) -> Span | None:
        """Where it stands, if it is next; it is read then."""
        if self._next_keyword() != word:
            return None
        span = Span(self._at, len(word))
        self._move(len(word))
        return span

    def _minus(self) -> Span | None:
        """A sign that stands directly before a term; else it is a word."""
        following = self._text[self._at + 1 : self._at + 2]
        if not self._is_next("-") or not following or following in " \t\r\n)":
            return None
        self._at += 1
        return Span(self._at - 1, 1)

    def _next_keyword(self) -> str:
        found = KEYWORD.match(self._text, self._at)
        return found[1] if found else ""

    def _is_next(self, character: str) -> bool:
        return self._text.startswith(character, self._at)

    def _is_over(self) -> bool:
        return self._at >= len(self._text)

    def _is_end(self) -> bool:
        return self._is_over() or self._is_next(")")

    def _move(self, size: int) -> None:
        self._at += size
        self._skip()

    def _skip(self) -> None:
        found = BLANKS.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _since(self, start: int) -> Span:
        """From *start* to here, without the blanks before here."""
        return Span(start, len(self._text[start : self._at].rstrip()))


def placed(node: Node, span: Span) -> Node:
    """The same, with all of it at *span*."""
    match node:
        case And(parts) | Or(parts):
            parts = tuple(placed(part, span) for part in parts)
            return replace(node, parts=parts, span=span)
        case Not(part):
            return Not(placed(part, span), span)
        case _:
            return replace(node, span=span)
