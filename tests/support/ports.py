"""Ports for programs that have to be told theirs."""

import random
import socket

# Below those that a system hands out by itself, to what asks for any and to what
# connects: another's connection would have it before the program binds it.
FIRST, LAST = 20_000, 32_000


def free_port() -> int:
    while True:
        port = random.SystemRandom().randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
