"""Other processes of ours: the environment that has them run the same code."""

import os
from pathlib import Path

# Compiled or not, wherever the appliance was started.
CODE = str(Path(__file__).parent.parent)
# What a process needs that reads no settings; the others may hold secrets.
PLAIN = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR")


def environment() -> dict[str, str]:
    """This one's own, secrets and all."""
    already = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([CODE, already] if already else [CODE])
    return {**os.environ, "PYTHONPATH": path}


def bare_environment() -> dict[str, str]:
    """Nothing of it that the interpreter does not need."""
    own = environment()
    return {name: own[name] for name in (*PLAIN, "PYTHONPATH") if name in own}
