"""Lists of logs with a value, or without it: where plus and minus beside it lead."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, quote_plus, urlencode

from monitor import times
from monitor.logs.filter import PAGE
from monitor.search.table import field_called

# A longer value is for reading; a query that holds it would be refused.
LONGEST = 200
# A query holds neither NUL nor half a character.
UNASKED = re.compile("[\0\ud800-\udfff]")
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Sift:
    """*term*: what asks for the value; addresses of the lists with it and without."""

    term: str
    with_href: str
    without_href: str


def sift(
    listed: str, field: str, value: object, operator: str | None = None
) -> Sift | None:
    """*listed* is the query string of the list that is narrowed; *operator* one of the
    query language, where it is not the whole value that is asked for.

    None where the query language cannot ask for it.
    """
    text = "" if value is None else str(value)
    called = field_called(field)
    if called is None or not 0 < len(text) <= LONGEST or UNASKED.search(text):
        return None
    term = called.term(text, operator)
    return Sift(term, sifted(listed, term), sifted(listed, term, is_without=True))


def sift_moment(listed: str, moment: datetime) -> Sift:
    """The list from *moment* on, and until it; a log of then is in both."""
    since = f"since:{times.format(moment)}"
    until = f"until:{times.format(moment + MILLISECOND)}"
    return Sift(since, _bounded(listed, since), _bounded(listed, until))


def _bounded(listed: str, term: str) -> str:
    """An end that the query has already gives way."""
    pairs = parse_qsl(listed)
    end = re.escape(term.partition(":")[0])
    former = re.compile(rf"^{end}:\S+(?: +|$)|(?:^| +){end}:\S+$")
    kept = [(n, former.sub("", v) if n == "query" else v) for n, v in pairs]
    return sifted(urlencode(kept), term)


def sifted(listed: str, term: str, *, is_without: bool = False) -> str:
    """The list of *listed*, from its beginning, with *term* added to its query."""
    asked, others = _parts(listed)
    added, opposite = (f"-{term}", term) if is_without else (term, f"-{term}")
    query = quote_plus(_joined(asked, added, opposite))
    return f"/dashboard?query={query}{others}"


@lru_cache(maxsize=64)
def _parts(listed: str) -> tuple[str, str]:
    """Its query, and all else as it follows one: the same for hundreds of values."""
    pairs = parse_qsl(listed)
    asked = next((value for name, value in pairs if name == "query"), "")
    others = [pair for pair in pairs if pair[0] != "query" and pair[0] not in PAGE]
    return asked, f"&{urlencode(others)}" if others else ""


def _joined(asked: str, added: str, opposite: str) -> str:
    """*opposite* gives way to *added* where both stand at the query's end or begin."""
    kept = asked.strip()
    for gone in (opposite, added):
        if kept == gone:
            kept = ""
        kept = kept.removesuffix(f" {gone}").removeprefix(f"{gone} ").strip()
    if " OR " in kept:
        kept = f"({kept})"
    return f"{kept} {added}".strip()
