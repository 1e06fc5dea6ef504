"""Counts of a list, over time and by value, as its page shows them."""

import asyncio
from typing import Any

from monitor.errors import InvalidInput, Unavailable
from monitor.logs.filter import LogFilter
from monitor.logs.query import parse_facets_query
from web.listing import rail
from web.listing.asked import FURTHER, Asked, check
from web.listing.timeline import timeline_view
from web.parts import PageParts

NONE: dict[str, Any] = {"timeline": None, "groups": [], "is_away": False}


async def counts_of(parts: PageParts, wanted: Asked) -> dict[str, Any]:
    """Empty where the list says what is wrong."""
    try:
        check(wanted)
        pairs = list(wanted.called_filters.items())
        return await _counted(parts, parse_facets_query(pairs, parts.queries), wanted)
    except InvalidInput:
        return NONE
    except Unavailable:
        return NONE | {"is_away": True}


async def counts_in_time(parts: PageParts, wanted: Asked) -> dict[str, Any]:
    """None where they take longer than a page waits: its script asks for them then."""
    wait_s = None if wanted.waits_for_counts else parts.settings.page_counts_ms / 1000
    try:
        async with asyncio.timeout(wait_s):
            return await counts_of(parts, wanted)
    except TimeoutError:
        return NONE


async def _counted(
    parts: PageParts, filter: LogFilter, wanted: Asked
) -> dict[str, Any]:
    counts, counters = parts.stores.counts, parts.counters
    try:
        async with asyncio.TaskGroup() as both:
            over_time = both.create_task(counts.timeline(filter, None))
            by_value = both.create_task(counts.facets(filter))
    except* (InvalidInput, Unavailable) as errors:
        raise errors.exceptions[0] from None
    timeline, facets = over_time.result(), by_value.result()
    for of, covered in (("timeline", timeline.covered), ("facets", facets.covered)):
        if not covered.is_exact:
            counters.partial_counts.labels(of).inc()
    return NONE | {
        "timeline": timeline_view(timeline, wanted),
        "groups": rail.groups_of(facets, wanted.link(without=FURTHER)),
    }
