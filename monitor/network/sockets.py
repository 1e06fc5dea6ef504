"""Sockets that are broken off, where an end must not be taken for a whole."""

import socket
import struct
from typing import Final

# Arguments of setsockopt: a close is a reset then. SO_LINGER on, for no time.
RESET: Final = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
