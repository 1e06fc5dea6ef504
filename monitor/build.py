"""The build that runs: its version, and whether its hot modules are compiled."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from monitor.record import pack

# One of those that are; all are, or none.
IS_COMPILED = not pack.__file__.endswith(".py")


@cache
def version_name() -> str:
    """As it was installed; the files alone do not say it."""
    try:
        return version("apimonitor")
    except PackageNotFoundError:
        return "unknown"


def how_it_runs() -> str:
    return "compiled" if IS_COMPILED else "interpreted"
