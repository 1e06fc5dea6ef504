"""A query as a tree: what is asked of a log, and how that is combined.

A leaf holds of a log or it does not, so that NOT is exact: what a log does not have
equals nothing, is more than nothing, and has no text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import TypeAlias
from uuid import UUID

from monitor.json.path import Path


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the query's text, in characters."""

    offset: int
    length: int


NOWHERE = Span(0, 0)


class Operator(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    EQUAL = "="
    AT_LEAST = ">="
    MORE = ">"


class Amount(Enum):
    """What a log has a number of, or a time."""

    STATUS = "status"
    LATENCY = "latency"
    DURATION = "duration"
    CONNECT = "connect"
    TLS = "tls"
    TTFB = "ttfb"
    OVERHEAD = "overhead"
    REQUEST_SIZE = "request size"
    RESPONSE_SIZE = "response size"
    MESSAGES = "messages"
    EVENTS = "events"
    TIME = "time"


class Text(Enum):
    """What a log says, in one or more texts."""

    SERVICE = "service"
    METHOD = "method"
    PATH = "path"
    QUERY = "query"
    URL = "url"
    HOST = "host"
    SCHEME = "scheme"
    ENDPOINT = "endpoint"
    ERROR = "error"
    NOTE = "note"
    TAG = "tag"
    SOURCE = "source"
    ADDRESS = "address"
    REQUEST_BODY = "request body"
    RESPONSE_BODY = "response body"


class Family(Enum):
    """Texts that have names of their own."""

    REQUEST_HEADER = "request header"
    RESPONSE_HEADER = "response header"
    PARAMETER = "parameter"


class Side(StrEnum):
    REQUEST = "request"
    RESPONSE = "response"


class State(Enum):
    PINNED = "pinned"
    ERROR = "error"
    TRUNCATED = "truncated"
    REDACTED = "redacted"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Named:
    """*name*: of a header in small letters."""

    family: Family
    name: str


@dataclass(frozen=True, slots=True)
class JsonPath:
    """What a body holds as JSON, where a step that meets an array goes into each item.

    Texts, numbers, true, false and null at its end count, in an array too.
    """

    side: Side
    steps: Path


Place: TypeAlias = Text | Named | JsonPath


@dataclass(frozen=True, slots=True)
class Pieces:
    """Texts that follow one another with anything between them, from end to end."""

    pieces: tuple[str, ...]
    is_cased: bool = False

    @property
    def is_whole(self) -> bool:
        return len(self.pieces) == 1


@dataclass(frozen=True, slots=True)
class Regex:
    source: str
    is_cased: bool = True
    span: Span = NOWHERE


Pattern: TypeAlias = Pieces | Regex


@dataclass(frozen=True, slots=True)
class Compare:
    """A text at a place counts as its number, where it is one."""

    amount: Amount | Place
    operator: Operator
    value: int | float | Decimal | datetime
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Holds:
    """A text at *place* is as *pattern* says."""

    place: Place
    pattern: Pattern
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Has:
    """There is something at *place*."""

    place: Amount | Place
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Is:
    state: State
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Anywhere:
    """A text stands in any of those that are searched, in any case."""

    pattern: Pattern
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class OfService:
    """One of those ids, or a pattern of its name or slug."""

    service: tuple[UUID, ...] | Pieces
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class OfLog:
    id: UUID
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class And:
    """All of them; of none, everything."""

    parts: tuple["Node", ...]
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Node", ...]
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"
    span: Span = NOWHERE


Leaf: TypeAlias = Compare | Holds | Has | Is | Anywhere | OfService | OfLog
Node: TypeAlias = And | Or | Not | Leaf


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked, as it was written and as it is meant."""

    text: str
    tree: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        """What has to hold of every log that is found."""
        tree = self.tree
        # Both ends of a range are one part as it is written.
        if isinstance(tree, And) and tree.parts[0].span != tree.span:
            return tree.parts
        return (tree,)

    def written(self, part: Node) -> str:
        return self.text[part.span.offset : part.span.offset + part.span.length]


def whole(text: str, *, is_cased: bool = False) -> Pieces:
    return Pieces((text,), is_cased)


def part_of(text: str, *, is_cased: bool = False) -> Pieces:
    return Pieces(("", text, ""), is_cased)


def leaves_of(node: Node) -> Iterator[Leaf]:
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves_of(part)
        case Not(part):
            yield from leaves_of(part)
        case _:
            yield node


def with_leaves(node: Node, change: Callable[[Leaf], Leaf]) -> Node:
    match node:
        case And(parts) | Or(parts):
            return replace(node, parts=tuple(with_leaves(p, change) for p in parts))
        case Not(part):
            return replace(node, part=with_leaves(part, change))
        case _:
            return change(node)


def regexes_in(node: Node) -> Iterator[Regex]:
    for leaf in leaves_of(node):
        pattern = leaf.pattern if isinstance(leaf, Holds | Anywhere) else None
        if isinstance(pattern, Regex):
            yield pattern
