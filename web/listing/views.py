"""Saved views above a list: each with its address, and which of them is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from monitor.errors import Unavailable
from monitor.registry.view import SavedView
from monitor.storage.stores import Stores
from web.listing.asked import Asked

MOST = 1_000
# As tabs; all are in the menu.
TABS = 6


@dataclass(frozen=True, slots=True)
class ShownView:
    view: SavedView
    href: str
    is_shown: bool


async def views_of(stores: Stores, wanted: Asked) -> list[ShownView]:
    """None while PostgreSQL is away."""
    try:
        return await all_views(stores, wanted)
    except Unavailable:
        return []


async def all_views(stores: Stores, wanted: Asked) -> list[ShownView]:
    """Raises Unavailable."""
    found, _ = await stores.views.page(limit=MOST, offset=0)
    asked = dict(wanted.link(without=("limit", "tz")))
    return [
        ShownView(
            view,
            f"/dashboard?{urlencode([*view.parameters.items(), *wanted.zone])}",
            view.parameters == asked,
        )
        for view in found
    ]


def tabs_of(views: Sequence[ShownView]) -> list[ShownView]:
    """The first ones, and the one that is shown."""
    first = list(views[:TABS])
    return first + [one for one in views[TABS:] if one.is_shown]
