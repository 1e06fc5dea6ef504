"""Work for helper processes."""

import re
from pathlib import Path
from typing import Any, NamedTuple

from monitor.settings import Settings, load


class Made(NamedTuple):
    value: Any
    is_limited: bool = False


def peak_bytes() -> Made:
    """Of this program; getrusage has what its parent was when it began it."""
    found = re.search(
        r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.M
    )
    assert found is not None
    return Made(int(found[1]) * 1024)


def settings(**given: str) -> Settings:
    names = {f"APIMONITOR_{name}": value for name, value in given.items()}
    return load({"APIMONITOR_HELPER_TIMEOUT_S": "60", **names})
