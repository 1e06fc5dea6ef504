"""A plugin for pytest: this run is of the compiled build, on the loop that serves.

What a loop hands over is checked as compiled code runs, and uvloop's is not asyncio's.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from proxy.connections import client

NewLoop = Callable[[], asyncio.AbstractEventLoop]

PACKAGES = ("api", "appliance", "monitor", "proxy", "web")


def pytest_collection_finish() -> None:
    build = Path(os.environ["COMPILED_BUILD"])
    assert Path(client.__file__).suffix == ".so"
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in PACKAGES:
            assert build in Path(str(module.__file__)).parents, name
    proxy = build / "proxy"
    compiled = {path.parent / path.name.split(".")[0] for path in proxy.rglob("*.so")}
    sources = {path.with_suffix("") for path in proxy.rglob("[!_]*.py")}
    assert compiled == sources


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, NewLoop]:
    """Tests that start processes leave uvloop's pipes to them open."""
    if item.path.relative_to(item.config.rootpath).parts[1] in ("fidelity", "proxy"):
        return {"uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
