"""States of an exchange that is forwarded, and what moves it from one to the next.

    CONNECTING ── a connection ──► SENDING ── final head ──► ANSWERING
        ▲ │                         │ │                         │
        └─┼──── asked again ────────┘ │                         │ last piece,
          │                           │ refused                 │ tunnel's end,
          │ refused                   ▼                         │ broken off
          └───────────────────────► ENDING ◄────────────────────┘
                                      │
                                      ▼
                                     OVER

A failure before ANSWERING is answered with a problem of our own, a later one breaks the
client's connection off. It is recorded on its way to ENDING, once; then its end is sent
and both connections are given back. A client that goes away leads from each to ENDING.

A name of a state is a constant, which compiled code compares without a look-up.
"""

from enum import Enum, auto
from typing import Final


class ForwarderState(Enum):
    # There is no connection to the upstream.
    CONNECTING = auto()
    # The request is sent, or all of it was; 1xx heads may pass.
    SENDING = auto()
    # The final head was passed on; the rest of the answer follows, or a tunnel.
    ANSWERING = auto()
    # It is recorded, and its end goes to the client.
    ENDING = auto()
    # Both connections are given back.
    OVER = auto()


CONNECTING: Final = ForwarderState.CONNECTING
SENDING: Final = ForwarderState.SENDING
ANSWERING: Final = ForwarderState.ANSWERING
ENDING: Final = ForwarderState.ENDING
OVER: Final = ForwarderState.OVER
