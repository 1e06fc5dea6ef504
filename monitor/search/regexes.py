"""Regular expressions: what they may cost, told before PostgreSQL compiles them."""

import re

from monitor.search.problem import Kind, QueryProblem
from monitor.search.tree import Regex

# Repetitions multiply where one stands within another.
MAX_REPEATS = 1_000
REPEATS = re.compile(r"\\.|\{(\d+)(?:,(\d*))?\}", re.DOTALL)
MAX_GROUPS = 20
# PostgreSQL walks back and forth for one.
BACK_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*\\[1-9]")


def check(regex: Regex) -> None:
    """Raises QueryProblem where it may cost more than it should.

    Whether it is one at all, PostgreSQL says: see monitor/storage/search/regexes.py.
    """
    product = 1
    for found in REPEATS.finditer(regex.source):
        if found[1] is not None:
            product *= max(int((found[2] or found[1])[:9]), 1)
    if product > MAX_REPEATS:
        _refuse(f"repeats more than {MAX_REPEATS} times over", regex)
    if BACK_REFERENCE.search(regex.source):
        _refuse("refers back to a group, which is not taken", regex)
    if regex.source.count("(") > MAX_GROUPS:
        _refuse(f"has more than {MAX_GROUPS} groups", regex)


def _refuse(reason: str, regex: Regex) -> None:
    raise QueryProblem(
        f"the regular expression {reason}", regex.span, kind=Kind.BAD_REGEX
    )
