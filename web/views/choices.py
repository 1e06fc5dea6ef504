"""Choices of a page's filter."""

from monitor.errors import Unavailable
from monitor.registry.resources import ServiceResource
from monitor.storage.registry.services import Services

MAX_SERVICES = 500


async def choosable(services: Services) -> list[ServiceResource]:
    """The services by name; none while PostgreSQL is away."""
    try:
        found, _ = await services.page(limit=MAX_SERVICES, offset=0)
    except Unavailable:
        return []
    return found
