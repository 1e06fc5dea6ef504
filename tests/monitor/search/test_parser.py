"""The text of a query becomes its tree, or says where it cannot."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.search.fields import Field, FieldType
from monitor.search.parser import parse
from monitor.search.problem import Kind, QueryProblem
from monitor.search.table import FIELDS, field_called
from monitor.search.tree import (
    And,
    Holds,
    Node,
    Not,
    Or,
    Pieces,
    Query,
    regexes_in,
)
from tests.support.queries import BOUNDS, NOW, query


def outline(node: Node, whole: Query) -> str:
    """How it is combined, with each leaf as it is written."""
    match node:
        case And(parts) | Or(parts) if all(p.span == node.span for p in parts):
            return whole.written(node)
        case And(parts):
            return f"and({' '.join(outline(part, whole) for part in parts)})"
        case Or(parts):
            return f"or({' '.join(outline(part, whole) for part in parts)})"
        case Not(part):
            return f"not({outline(part, whole)})"
        case _:
            return whole.written(node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", "and(a b)"),
        ("a AND b OR c d", "or(and(a b) and(c d))"),
        ("a (b OR c)", "and(a or(b c))"),
        ("-a b", "and(not(a) b)"),
        ("NOT (a OR b) c", "and(not(or(a b)) c)"),
        ("--a", "not(not(a))"),
        ("status:(404 OR 5xx) x", "and(or(404 5xx) x)"),
        ("status:(404 OR method:GET)", "or(404 method:GET)"),
        ("or and not", "and(or and not)"),
        ("a - b", "and(a - b)"),
        ("f(x) y)z", ""),
        ("f(x)", "f(x)"),
        ("http://host:80/a?b=c", "http://host:80/a?b=c"),
        ("12:30 /v1/a:b", "and(12:30 /v1/a:b)"),
        ('path:"a b"*c d', 'and(path:"a b"*c d)'),
        ("/a b/ c", "and(/a b/ c)"),
        ("path:/users host:x url:/", "and(path:/users host:x url:/)"),
        ("  status:500\t latency:>5\n", "and(status:500 latency:>5)"),
    ],
)
def test_terms_are_combined_as_they_are_written(text: str, expected: str) -> None:
    try:
        asked = query(text)
    except QueryProblem:
        assert expected == ""
        return
    assert outline(asked.tree, asked) == expected


@pytest.mark.parametrize(
    ("text", "marked", "kind", "suggestion"),
    [
        ("x statsu:500", "statsu", Kind.UNKNOWN_FIELD, "status"),
        ("heder.accept:x", "heder.accept", Kind.UNKNOWN_FIELD, "header.accept"),
        ("zzzz:1", "zzzz", Kind.UNKNOWN_FIELD, None),
        ("status:20..", "20..", Kind.BAD_VALUE, None),
        ("latency:>=", "latency:>=", Kind.BAD_VALUE, None),
        ("size:~5k", "~5k", Kind.BAD_VALUE, None),
        ("path:>5", ">5", Kind.BAD_VALUE, None),
        ("is:pined", "pined", Kind.BAD_VALUE, None),
        ("id:7", "7", Kind.BAD_VALUE, None),
        ('""', '""', Kind.BAD_VALUE, None),
        ('a "b\\q"', "\\q", Kind.SYNTAX, None),
        ("a \\", "\\", Kind.SYNTAX, None),
        ("a OR OR b", "OR", Kind.SYNTAX, None),
        ("(a", "(", Kind.SYNTAX, None),
        ("a )", ")", Kind.SYNTAX, None),
        ("a ( )", ")", Kind.SYNTAX, None),
        ("NOT", "NOT", Kind.SYNTAX, None),
        ("a\0b", "\0", Kind.SYNTAX, None),
        (r"/(a)\1/", r"/(a)\1/", Kind.BAD_REGEX, None),
        ("/a{99}{99}/", "/a{99}{99}/", Kind.BAD_REGEX, None),
        (f"/{'a' * 201}/", f"/{'a' * 201}/", Kind.BAD_REGEX, None),
        ("(" * 11 + "a" + ")" * 11, "(", Kind.TOO_DEEP, None),
        ("a " * 51, "a", Kind.TOO_MANY_TERMS, None),
    ],
)
def test_what_is_wrong_has_its_place(
    text: str, marked: str, kind: Kind, suggestion: str | None
) -> None:
    with pytest.raises(QueryProblem) as found:
        query(text)
    span = found.value.span
    assert text[span.offset : span.offset + span.length] == marked
    assert (found.value.kind, found.value.suggestion) == (kind, suggestion)


def test_a_bound_is_named_by_what_sets_it() -> None:
    for bounds, text, name in (
        (replace(BOUNDS, characters=3), "abcd", "QUERY_CHARACTERS, 3"),
        (replace(BOUNDS, terms=1), "a b", "QUERY_TERMS, 1"),
        (replace(BOUNDS, depth=1), "((a))", "QUERY_DEPTH, 1"),
        (replace(BOUNDS, regex_characters=0), "/a/", "QUERY_REGEX_CHARACTERS, 0"),
    ):
        with pytest.raises(QueryProblem, match=name):
            parse(text, bounds, now=NOW)


@pytest.mark.parametrize("unit", ["[^a]", "[]]", "[^]]", "[a]", r"\a", r"[\]]"])
def test_classes_are_read_at_once_whether_a_slash_follows_or_not(unit: str) -> None:
    units = unit * 20
    asked = query(f"/{units}")
    assert asked.written(asked.tree) == f"/{units}" and not [*regexes_in(asked.tree)]
    [regex] = regexes_in(query(f"/{units}/").tree)
    assert regex.source == units


@pytest.mark.parametrize("source", ["a[]", "[^]", "[]a]", "[^]/]", "[a^]"])
def test_a_bracket_at_the_begin_of_a_class_is_in_it_if_one_ends_it(source: str) -> None:
    [regex] = regexes_in(query(f"/{source}/").tree)
    assert regex.source == source


def test_every_example_of_a_field_is_read() -> None:
    for field in FIELDS:
        assert field.examples and field.meaning and field.operators
        for example in field.examples:
            if field.type is not FieldType.ID:
                assert query(example).text == example
        for choice in field.choices:
            assert query(f"{field.name}:{choice}")


def test_a_field_has_names_of_its_own() -> None:
    names = [name for field in FIELDS for name in (field.name, *field.aliases)]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)


TYPES = (FieldType.TEXT, FieldType.WORD, FieldType.VALUE)
# A media type is found by a part of it, too.
WORDS: list[tuple[Field, str]] = [
    (field, "x-a b" if field.is_family and "$" not in field.name else ".a")
    for field in FIELDS
    if field.places and field.type in TYPES and field.name != "mime-type"
]


@given(
    value=st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    which=st.sampled_from(WORDS),
)
def test_a_term_for_a_value_asks_for_that_value(
    value: str, which: tuple[Field, str]
) -> None:
    field, name = which
    called = field_called(f"{field.name}{name if field.is_family else ''}")
    assert called is not None
    tree = query(called.term(value)).tree
    leaf = tree
    while isinstance(leaf, Or):
        leaf = leaf.parts[0]
    if isinstance(leaf, Holds):
        assert leaf.pattern == Pieces((leaf_text(field, value),), _cased(leaf))


def leaf_text(field: Field, value: str) -> str:
    return value.upper() if field.name == "method" else value


def _cased(leaf: Holds) -> bool:
    assert isinstance(leaf.pattern, Pieces)
    return leaf.pattern.is_cased
