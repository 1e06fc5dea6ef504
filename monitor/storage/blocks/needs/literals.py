"""Literals: texts that stand in whatever a regular expression of PostgreSQL finds.

They are fewer than there are: what is within a group, or that a sign may make mean
something else, is left out.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

# What changes how all of it is read.
DIRECTED: Final = re.compile(r"\*\*\*|\(\?[a-z]*\)")
TOKENS: Final = re.compile(
    r"""
    (?P<known>  \\[dswDSWAmMyYZ])
  | (?P<plain>  \\[^0-9A-Za-z]|[^\\\[\](){}|*+?^$.])
  | (?P<class>  \[\^?\]?(?:[^\]\[\\]|\\.|\[:[a-z]+:\])*\])
  | (?P<often>  \+)
  | (?P<maybe>  [*?]|\{[0-9]+(?:,[0-9]*)?\})
  | (?P<open>   \()
  | (?P<close>  \))
  | (?P<either> \|)
  | (?P<any>    [.^$])
    """,
    re.VERBOSE | re.DOTALL,
)


def literals(source: str) -> list[str]:
    """None where it is written in a way that is not known here."""
    if DIRECTED.match(source):
        return []
    outside = list(_outside(_tokens(source)))
    if any(kind in ("unknown", "either") for kind, _ in outside):
        return []
    return [run for run in _runs(outside) if run]


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(source):
        found = TOKENS.match(source, at)
        if found is None or found.lastgroup is None:
            yield "unknown", ""
            return
        yield found.lastgroup, found[0]
        at = found.end()


def _outside(tokens: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Those of no group; a group is one that says nothing."""
    depth = 0
    for kind, text in tokens:
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            yield "any", ""
        elif not depth or kind == "unknown":
            yield kind, text


def _runs(tokens: Iterable[tuple[str, str]]) -> Iterator[str]:
    run = ""
    for kind, text in tokens:
        if kind == "plain" and text.isascii():
            run += text[-1]
            continue
        # What may be there no time is not needed.
        yield run[:-1] if kind == "maybe" else run
        run = ""
    yield run
