"""Health check of the app on this machine, which takes little: it is made often.

It reads the two settings that it needs by itself: to read them all takes half a second
of a core.
"""

import os
import socket
import sys

from appliance.exit_codes import ExitCode
from monitor.environment import EnvironmentFileError, given

TIMEOUT_S = 5.0
HOST, PORT = "127.0.0.1", "8000"
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}
REQUEST = b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n"


def address() -> tuple[str, int] | None:
    """Where the app is; None where the settings are wrong, which others can say."""
    try:
        host, port = given("host", os.environ), given("port", os.environ)
    except EnvironmentFileError:
        return None
    if not (port or PORT).isdecimal():
        return None
    return ANY.get(host or HOST, host or HOST), int(port or PORT)


def check(host: str, port: int) -> int:
    """The exit code."""
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as connection:
            connection.sendall(REQUEST)
            answer = connection.recv(64)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        print(f"not healthy: {reason}", file=sys.stderr)
        return ExitCode.FAILURE
    return ExitCode.OK if answer.split(b" ")[1:2] == [b"200"] else ExitCode.FAILURE
