"""States of a connection to an upstream, and what moves it from one to the next.

      FRESH ── begin ──► AWAITING ── bytes ──► HEAD ── whole ──► BODY
                            ▲                   │                 │
                            │                   └── 101 ► TUNNEL  │
                          begin                             │     │
                            │                               │     │
                          IDLE ◄─────────── end ────────────┴─────┘

A head that comes whole leads from AWAITING at once to BODY, or TUNNEL; so does the end
of an exchange to IDLE, however much had come: whoever ends it says whether another may
begin. From each of them the connection's loss, and an answer that is none, lead to
CLOSED. What was lost while FRESH, or with more to be read, is told in its turn.

A name of a state is a constant, which compiled code compares without a look-up.
"""

from enum import Enum, auto
from typing import Final


class UpstreamState(Enum):
    # Nothing was asked yet.
    FRESH = auto()
    # An exchange is over, and no other has begun.
    IDLE = auto()
    # Something is being asked; nothing came of an answer.
    AWAITING = auto()
    # Of its final head, or of one before it, something came.
    HEAD = auto()
    # The final head was told; more of the body may come.
    BODY = auto()
    # It has switched to another protocol.
    TUNNEL = auto()
    # Nothing more is told.
    CLOSED = auto()


FRESH: Final = UpstreamState.FRESH
IDLE: Final = UpstreamState.IDLE
AWAITING: Final = UpstreamState.AWAITING
HEAD: Final = UpstreamState.HEAD
BODY: Final = UpstreamState.BODY
TUNNEL: Final = UpstreamState.TUNNEL
CLOSED: Final = UpstreamState.CLOSED
