"""Queries of rules: read anew as they are asked, for `since:1h` is of that moment."""

from datetime import datetime
from typing import Final

from monitor.search.parser import Bounds, parse
from monitor.search.tree import Node

# Bounds held as the rule was made, and hold for those that are made from now on.
TAKEN: Final = Bounds(characters=8_000, terms=500, depth=50, regex_characters=2_000)
MAX_SHOWN: Final = 200


def parts_of(query: str | None, now: datetime) -> tuple[Node, ...]:
    """All of which have to hold. Raises ValueError where it cannot be read any more."""
    return () if query is None else parse(query, TAKEN, now=now).parts


def shown(query: str) -> str:
    """Within a sentence."""
    cut = query if len(query) <= MAX_SHOWN else f"{query[:MAX_SHOWN]}…"
    return f"`{cut}`"
