"""The helper process: one piece of work after the other, within its bounds."""

import os
import resource
import signal
import sys
from typing import Any, BinaryIO

from monitor.offload import frames
from monitor.offload.outcome import WorkOutcome

# The proxy comes first on a machine with few cores.
NICENESS = 10
# The appliance ends a helper at its deadline; this is for one whose appliance is gone.
GRACE_S = 5.0


def main() -> None:
    """Started by `monitor.offload.helpers` with the bounds as arguments."""
    memory_bytes, timeout_s = int(sys.argv[1]), float(sys.argv[2])
    # Ctrl-C and a supervisor's SIGTERM to the whole group are for main to act on.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    # Whatever is printed is no frame.
    with os.fdopen(os.dup(1), "wb") as results:
        os.dup2(2, 1)
        _work(sys.stdin.buffer, results, timeout_s + GRACE_S)


def _work(tasks: BinaryIO, results: BinaryIO, most_s: float) -> None:
    """Until the appliance closes its end, or memory runs out: what is left behind then
    is not to be relied on."""
    while True:
        try:
            function, arguments = frames.read(tasks)
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, most_s)
        outcome, value = _result(function, arguments)
        try:
            frame = frames.packed((outcome, value))
        except MemoryError:
            outcome, frame = (
                WorkOutcome.MEMORY,
                frames.packed((WorkOutcome.MEMORY, None)),
            )
        del function, arguments, value
        results.write(frame)
        results.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)
        if outcome is WorkOutcome.MEMORY:
            return


def _result(function: Any, arguments: Any) -> tuple[WorkOutcome, Any]:
    try:
        return WorkOutcome.DONE, function(*arguments)
    except MemoryError:
        return WorkOutcome.MEMORY, None
    # Whatever captured bytes make of it: the appliance says so, and asks for more.
    except Exception as error:
        return WorkOutcome.FAILED, type(error).__name__


if __name__ == "__main__":
    main()
