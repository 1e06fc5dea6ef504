"""The compiled build that tests try: `python -m` makes it, before one asks for it."""

import fcntl
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Not where `make run` finds it: this is not optimised by the C compiler, which takes
# more than half of the time. To try what is: COMPILE_LEVEL=3 in the environment.
BUILT = Path(".venv") / "tested"
BUILD = ROOT / BUILT / "compiled"


def make() -> str:
    """What the rule of `make run` said of it; BUILD is not there without a compiler."""
    # But for what make sets for those that it calls.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MAKELEVEL", "COMPILED")
    }
    level = os.environ.get("COMPILE_LEVEL", "0")
    (ROOT / BUILT).mkdir(exist_ok=True)
    # Several may want it at once.
    with (ROOT / BUILT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(
            ["make", "-s", "compiled", f"BUILT={BUILT}", f"COMPILE_LEVEL={level}"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    return made.stdout.strip()


if __name__ == "__main__":
    make()
