"""A plugin for pytest: this run is of the compiled build, or it fails."""

import os
import sys
from pathlib import Path

import proxy.client

PACKAGES = ("api", "appliance", "monitor", "proxy", "web")


def pytest_collection_finish() -> None:
    build = Path(os.environ["COMPILED_BUILD"])
    assert Path(proxy.client.__file__).suffix == ".so"
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in PACKAGES:
            assert build in Path(str(module.__file__)).parents, name
    compiled = {path.name.split(".")[0] for path in (build / "proxy").glob("*.so")}
    sources = {path.stem for path in (build / "proxy").glob("[!_]*.py")}
    assert compiled == sources
