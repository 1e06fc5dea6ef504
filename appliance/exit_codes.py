"""Exit codes of `apimonitor`: what a supervisor can tell from them."""

import os
from enum import IntEnum


class ExitCode(IntEnum):
    """Above 2 those of sysexits.h; docs/operations.md says what each is for."""

    OK = os.EX_OK
    FAILURE = 1
    USAGE = 2
    DATA_ERROR = os.EX_DATAERR
    NO_INPUT = os.EX_NOINPUT
    UNAVAILABLE = os.EX_UNAVAILABLE
    CANNOT_CREATE = os.EX_CANTCREAT
    TRY_AGAIN = os.EX_TEMPFAIL
    CONFIGURATION = os.EX_CONFIG


def ended_by(signal: int) -> int:
    """As a shell says it of a process that a signal ended."""
    return 128 + signal
