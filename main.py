"""Command `apimonitor`: its entry point; what it takes is in appliance/cli."""

import signal
import sys
from pathlib import Path

from appliance.cli.dispatch import dispatch
from appliance.exit_codes import ended_by


def cli() -> None:
    """Exits with the code that the documentation lists."""
    try:
        sys.exit(dispatch())
    except KeyboardInterrupt:
        sys.exit(ended_by(signal.SIGINT))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    cli()
