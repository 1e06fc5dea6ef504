"""What is in flight: looked at when somebody asks, and kept in no other form."""

import heapq
from collections.abc import Collection
from time import perf_counter
from typing import Final

from monitor.in_flight.open_exchange import OpenExchange, OpenExchanges, OpenWish, Phase
from monitor.redaction.redaction import Redaction
from proxy.exchange.forwarder import Forwarder
from proxy.exchange.forwarder_state import ANSWERING, CONNECTING, SENDING

# Each takes some microseconds to be shown, between two steps of the proxy.
MOST_SHOWN: Final = 200
LAST_MESSAGES: Final = 50


def look(
    in_flight: Collection[Forwarder], wish: OpenWish, redaction: Redaction
) -> OpenExchanges:
    """Those that *wish* names, masked; at most MOST_SHOWN of them."""
    asked = [
        one
        for one in in_flight
        if (wish.service_id is None or one.service_id == wish.service_id)
        and (wish.id is None or one.capture.id == wish.id)
    ]
    pick = heapq.nlargest if wish.newest_first else heapq.nsmallest
    chosen = pick(min(wish.limit, MOST_SHOWN), asked, key=_begun)
    now, messages = perf_counter(), 0 if wish.id is None else LAST_MESSAGES
    found = [_shown(one, now, redaction, messages) for one in chosen]
    return OpenExchanges(found, len(asked))


def _begun(passing: Forwarder) -> int:
    return passing.capture.id.int


def _shown(
    passing: Forwarder, now: float, redaction: Redaction, messages: int
) -> OpenExchange:
    capture = passing.capture
    so_far = capture.so_far(now, messages=messages)
    fields = capture.routed.service.redact_fields
    return OpenExchange(redaction.apply(so_far, fields), _phase(passing))


def _phase(passing: Forwarder) -> Phase:
    state = passing.state
    if state is CONNECTING:
        return Phase.CONNECTING
    if state is SENDING:
        return Phase.WAITING if passing.is_sent else Phase.SENDING
    if state is ANSWERING and passing.capture.is_lasting:
        return Phase.LASTING
    return Phase.ANSWERING
