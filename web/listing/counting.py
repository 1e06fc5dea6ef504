"""Counts of a list, over time and by value, as its page shows them."""

import asyncio
from typing import Any

from monitor.errors import InvalidInput, Unavailable
from monitor.logs.query import parse_facets_query
from monitor.storage.counts.reader import CountReader
from web.listing import rail
from web.listing.asked import FURTHER, Asked, check
from web.listing.timeline import timeline_view
from web.parts import PageParts

NONE: dict[str, Any] = {
    "timeline": None,
    "groups": [],
    "is_away": False,
    "is_whole": True,
}


async def counts_of(parts: PageParts, wanted: Asked) -> dict[str, Any]:
    """Empty where the list says what is wrong."""
    return await _counts(parts, parts.stores.counts, wanted)


async def first_counts_of(parts: PageParts, wanted: Asked) -> dict[str, Any]:
    """What is counted in the time that a page has; its script asks for the rest."""
    reader = parts.stores.counts
    if not wanted.waits_for_counts:
        reader = reader.within(parts.settings.page_counts_ms)
    return await _counts(parts, reader, wanted)


async def _counts(
    parts: PageParts, reader: CountReader, wanted: Asked
) -> dict[str, Any]:
    try:
        check(wanted)
        pairs = list(wanted.called_filters.items())
        filter = parse_facets_query(pairs, parts.queries)
        timeline, facets = await asyncio.gather(
            reader.timeline(filter, None), reader.facets(filter)
        )
    except InvalidInput:
        return NONE
    except Unavailable:
        return NONE | {"is_away": True}
    for of, covered in (("timeline", timeline.covered), ("facets", facets.covered)):
        if not covered.is_exact:
            parts.counters.partial_counts.labels(of).inc()
    return NONE | {
        "timeline": timeline_view(timeline, wanted),
        "groups": rail.groups_of(facets, wanted.link(without=FURTHER)),
        "is_whole": timeline.covered.is_exact and facets.covered.is_exact,
    }
