"""Costs in words: what the growth of the appliance means for the disk."""

from monitor.costs.growth import DAY, GrowthEnd, Outlook
from monitor.costs.measures import Cost
from web.views.formats import length, size

DAY_S = DAY.total_seconds()
UNKNOWN = "not known yet: growth is measured over an hour at least"
BY = {
    GrowthEnd.RETENTION: "what is past its retention goes as fast as more comes",
    GrowthEnd.RETENTION_BYTES: "RETENTION_BYTES is reached, and the oldest days go",
}


def over(cost: Cost) -> str:
    """How long the growth was measured, `n/a` where it is not known."""
    return length(cost.measured.total_seconds() if cost.measured else None)


def ends(cost: Cost) -> str:
    """What ends the growth, when, and with how much."""
    outlook = cost.outlook
    if outlook is None:
        return UNKNOWN
    if outlook.end is GrowthEnd.DISK:
        said = f"{length(outlook.days * DAY_S)} until the disk is full at this growth"
    else:
        said = f"the disk is not filled at this growth: {_retained(outlook)}"
    if cost.is_embedded:
        return said
    return f"not known, as PostgreSQL lies elsewhere; were it on this disk: {said}"


def _retained(outlook: Outlook) -> str:
    """`already what is past …`, `in 30 days and with 20 MiB more what is past …`"""
    if not outlook.more:
        return f"already {BY[outlook.end]}"
    more = size(int(outlook.more))
    return f"in {length(outlook.days * DAY_S)}, with {more} more, {BY[outlook.end]}"
