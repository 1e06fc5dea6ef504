"""The life of the appliance: not ready yet, ready, draining."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Lifecycle:
    """Where the appliance is in its life.

    *is_ready*: the database is migrated. *is_routed*: all processes of the proxy know
    the services. *obstacle* keeps it from being ready, in words for who runs it.
    """

    is_ready: bool = False
    is_routed: Callable[[], bool] = lambda: True
    obstacle: str = ""
    is_draining: bool = False
