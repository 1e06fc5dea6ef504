"""Leaves of the tree: what a field makes of a value that is given to it."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias
from uuid import UUID

from monitor.search import given
from monitor.search.given import Expected, Given, Reader
from monitor.search.log_id import id_in
from monitor.search.tree import (
    Amount,
    And,
    Anywhere,
    Compare,
    Family,
    Has,
    Holds,
    JsonPath,
    Named,
    Node,
    Not,
    OfLog,
    OfService,
    Operator,
    Or,
    Pattern,
    Pieces,
    Place,
    Text,
    whole,
)

Leaf: TypeAlias = Callable[[Given], Node]

SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")
STATUS_CLASS = re.compile(r"[1-9]xx", re.IGNORECASE)
CONTENT_TYPE = Named(Family.RESPONSE_HEADER, "content-type")


def amount(of: Amount | Place, read: Reader) -> Leaf:
    """`5`, `>=5`, `5..9`, `5..` and `..9`, both ends included."""

    def leaf(value: Given) -> Node:
        if value.regex is not None or len(value.pieces) > 1:
            read("*", value.now)
        low, dots, high = value.text.partition("..")
        if dots:
            return _range(of, read, value, low, high)
        operator = Operator(value.operator or "=") if value.operator != "~" else None
        number = read(value.text, value.now)
        if operator is None:
            raise Expected("one of >, >=, <, <= or = before a number")
        return Compare(of, operator, number)

    return leaf


def _range(of: Amount | Place, read: Reader, value: Given, low: str, high: str) -> Node:
    if value.operator or not (low or high):
        raise Expected("a range such as 200..299, 200.. or ..299")
    parts: list[Node] = []
    if low:
        parts.append(Compare(of, Operator.AT_LEAST, read(low, value.now)))
    if high:
        parts.append(Compare(of, Operator.AT_MOST, read(high, value.now)))
    return _all(parts)


def beyond(of: Amount, read: Reader, value: Given) -> Node:
    if value.operator or value.regex:
        read("*", value.now)
    return Compare(of, Operator.MORE, read(value.text, value.now))


def status(value: Given) -> Node:
    if not value.operator and STATUS_CLASS.fullmatch(value.text):
        low = int(value.text[0]) * 100
        return And(
            (
                Compare(Amount.STATUS, Operator.AT_LEAST, low),
                Compare(Amount.STATUS, Operator.LESS, low + 100),
            )
        )
    return amount(Amount.STATUS, given.status)(value)


def time(operator: Operator) -> Leaf:
    def leaf(value: Given) -> Node:
        if value.operator or value.regex or len(value.pieces) > 1:
            given.moment("*", value.now)
        return Compare(Amount.TIME, operator, given.moment(value.text, value.now))

    return leaf


def part(*places: Place, is_cased: bool = False) -> Leaf:
    """What stands anywhere in a longer text; with stars, the whole of it."""

    def leaf(value: Given) -> Node:
        pieces = value.pieces
        if len(pieces) == 1 and value.operator != "=":
            if not pieces[0]:
                raise Expected("a text to look for")
            pieces = ("", *pieces, "")
        return _holds(places, value, pieces, is_cased)

    return leaf


def word(*places: Place, is_cased: bool = False) -> Leaf:
    """A text as a whole, or with stars in it."""

    def leaf(value: Given) -> Node:
        pieces = value.pieces
        if value.operator == "~":
            pieces = ("", *pieces, "")
        return _holds(places, value, pieces, is_cased)

    return leaf


def _holds(
    places: tuple[Place, ...], value: Given, pieces: tuple[str, ...], is_cased: bool
) -> Node:
    if value.operator not in ("", "=", "~"):
        raise Expected("a text, which neither > nor < compares")
    regex = value.regex
    if regex and is_cased and not SPECIAL.search(regex.source):
        # In a path, slashes are slashes as long as nothing says otherwise.
        regex = None
    pattern: Pattern = regex or Pieces(pieces, is_cased)
    return either([Holds(place, pattern) for place in places])


def valued(*places: Place) -> Leaf:
    """A text as a whole, or as the number that it is."""

    def leaf(value: Given) -> Node:
        may_be = ".." in value.text and value.operator != "="
        is_range = may_be and given.DECIMAL.match(value.text.strip("."))
        if value.operator in (">", ">=", "<", "<=") or (is_range and not value.regex):
            return either([amount(place, given.number)(value) for place in places])
        texts = word(*places)(value)
        if value.operator == "~" or not given.DECIMAL.fullmatch(value.text):
            return texts
        number = given.number(value.text, value.now)
        equal = [Compare(p, Operator.EQUAL, number) for p in places if is_json(p)]
        return either([texts, *equal])

    return leaf


def is_json(place: Place) -> bool:
    return isinstance(place, JsonPath)


def choice(leaves: Mapping[str, Leaf]) -> Leaf:
    """One of a closed set of words."""

    def leaf(value: Given) -> Node:
        made = leaves.get(value.text.lower())
        if made is None or value.operator not in ("", "=") or value.regex:
            raise Expected(f"one of {', '.join(leaves)}")
        return made(value)

    return leaf


def always(node: Node) -> Leaf:
    return lambda value: node


def method(value: Given) -> Node:
    if value.regex or len(value.pieces) > 1 or value.operator == "~":
        return word(Text.METHOD)(value)
    return Holds(Text.METHOD, whole(value.text.upper(), is_cased=True))


def service(value: Given) -> Node:
    if value.regex or value.operator not in ("", "="):
        raise Expected("the name, slug or id of a service, which may have stars in it")
    try:
        return OfService((UUID(value.text),))
    except ValueError:
        return OfService(Pieces(value.pieces))


def anywhere(value: Given) -> Node:
    if value.regex:
        return Anywhere(value.regex)
    if not any(value.pieces):
        raise Expected("a text to look for")
    return Anywhere(Pieces(("", *value.pieces, "")))


def log(value: Given) -> Node:
    found = id_in(value.text)
    if found is None or value.operator not in ("", "="):
        raise Expected("the id of a log")
    return OfLog(found)


def mime_type(value: Given) -> Node:
    """A header's value up to its parameters; `json` is any type that has the word."""
    if len(value.pieces) > 1 or value.regex or value.operator or "/" not in value.text:
        return part(CONTENT_TYPE)(value)
    given_type = value.text
    return Or(
        (
            Holds(CONTENT_TYPE, whole(given_type)),
            Holds(CONTENT_TYPE, Pieces((f"{given_type};", ""))),
            Holds(CONTENT_TYPE, Pieces((f"{given_type} ", ""))),
        )
    )


def either(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def has(*places: Amount | Place) -> Node:
    return either([Has(place) for place in places])


def no(node: Node) -> Node:
    return Not(node)


def _all(parts: list[Node]) -> Node:
    return parts[0] if len(parts) == 1 else And(tuple(parts))
