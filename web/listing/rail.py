"""Facets beside a list: values with how many logs have them, as links that narrow."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from monitor.logs.facets import Facet, Facets
from web.views.sifting import sifted

TITLES = {
    "service": "Service",
    "method": "Method",
    "status": "Status",
    "endpoint": "Endpoint",
    "source": "Source",
    "tag": "Tag",
}
SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """*share*: of the most frequent one. *href* takes an *is_chosen* one off again."""

    text: str
    requests: int
    errors: int
    share: float
    is_chosen: bool
    href: str | None
    without_href: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    values: tuple[Value, ...]
    more: tuple[Value, ...]
    others: int
    is_exact: bool


def groups_of(found: Facets, pairs: Sequence[tuple[str, str]]) -> list[Group]:
    """*pairs*: the address of the list. A facet without values is left out."""
    made = [_group(facet, pairs) for facet in found.each]
    return [group for group in made if group.values]


def _group(facet: Facet, pairs: Sequence[tuple[str, str]]) -> Group:
    most = max((one.counted.requests for one in facet.values), default=0)
    listed = urlencode(pairs)
    chosen = _terms(pairs)
    values = tuple(
        Value(
            text=one.value,
            requests=one.counted.requests,
            errors=one.counted.errors,
            share=round(100 * one.counted.requests / most, 1) if most else 0,
            is_chosen=one.query is not None and f" {one.query} " in chosen,
            href=_narrowed(pairs, one.query, chosen),
            without_href=one.query and sifted(listed, one.query, is_without=True),
        )
        for one in facet.values
    )
    return Group(
        title=TITLES[facet.name],
        values=values[:SHOWN],
        more=values[SHOWN:],
        others=facet.others.requests,
        is_exact=facet.covered.is_exact,
    )


def _narrowed(
    pairs: Sequence[tuple[str, str]], term: str | None, chosen: str
) -> str | None:
    if term is None:
        return None
    if f" {term} " not in chosen:
        return sifted(urlencode(pairs), term)
    query = chosen.replace(f" {term} ", " ", 1).strip()
    others = [pair for pair in pairs if pair[0] != "query"]
    kept = [pair for pair in (("query", query), *others) if pair[1]]
    return f"/dashboard?{urlencode(kept)}"


def _terms(pairs: Sequence[tuple[str, str]]) -> str:
    """The query with a blank at both ends, so that a whole term is found in it."""
    return f" {next((value for name, value in pairs if name == 'query'), '')} "
