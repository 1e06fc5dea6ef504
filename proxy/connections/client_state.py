"""States of a client connection, and what moves it from one to the next.

        ┌────────────────────── all has left ──────────────────────┐
        ▼                                                          │
      IDLE ── bytes ──► HEAD ── whole ──► EXCHANGE ── answered ──► SETTLING
                         │                 │    │
                         │ refused         │    └── switched ──► TUNNEL
                         ▼                 │                        │
                     LINGERING ◄─ the last ┘                        │
                         │                                          │
                         └─ its end, or LINGER_S ──► CLOSED ◄─ over ┘

A head that comes whole leads from IDLE at once to what it leads to from HEAD. A request
for no service is no exchange: its answer of ours leads to SETTLING, or is the last.
Where all of an answer has left and nothing came before its turn, SETTLING is left out;
LINGERING is where nothing more can be on its way. From each of them the connection's
loss, `break_off` and `abort` lead to CLOSED.

A name of a state is a constant, which compiled code compares without a look-up.
"""

from enum import Enum, auto
from typing import Final


class ClientState(Enum):
    # Nothing of a request has come.
    IDLE = auto()
    # A part of its head has.
    HEAD = auto()
    # An exchange is asked for, and not over; of its request more may come.
    EXCHANGE = auto()
    # It is over: its answer is to leave, or what came before its turn is to be read.
    SETTLING = auto()
    # The last answer is written; what still comes is read and forgotten.
    LINGERING = auto()
    # Another protocol has the transport.
    TUNNEL = auto()
    # Nothing more is read, nor asked for; what was written may still leave.
    CLOSED = auto()


IDLE: Final = ClientState.IDLE
HEAD: Final = ClientState.HEAD
EXCHANGE: Final = ClientState.EXCHANGE
SETTLING: Final = ClientState.SETTLING
LINGERING: Final = ClientState.LINGERING
TUNNEL: Final = ClientState.TUNNEL
CLOSED: Final = ClientState.CLOSED
