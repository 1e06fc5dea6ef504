"""What a filter of a page lets one choose from."""

from monitor.errors import Unavailable
from monitor.registry.resources import ServiceResource
from monitor.storage.registry.services import Services

MOST_SERVICES = 500


async def choosable(services: Services) -> list[ServiceResource]:
    """The services by name; none while PostgreSQL is away."""
    try:
        found, _ = await services.page(limit=MOST_SERVICES, offset=0)
    except Unavailable:
        return []
    return found
