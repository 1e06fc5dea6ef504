"""Attempts to sign in: whether one more may be made now."""

import time
from collections import OrderedDict

# Attempts at once, then one every so many seconds: of a client, and of all clients
# that never signed in. Many addresses must be at work before the second one tells.
PEER_ATTEMPTS, PEER_EVERY_S = 5, 12.0
ALL_ATTEMPTS, ALL_EVERY_S = 1_000, 0.1
MAX_PEERS = 10_000


class Attempts:
    """Each client has its own: who fails elsewhere keeps nobody out.

    A client that signed in before does not share with strangers at all, so that these,
    however many, do not keep it out.
    """

    def __init__(self) -> None:
        self._peers: OrderedDict[str, Bucket] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._all = Bucket(ALL_ATTEMPTS, ALL_EVERY_S)

    def take(self, peer: str) -> float:
        """0 where an attempt may be made, or the seconds until one may."""
        bucket = self._peers.pop(peer, None) or Bucket(PEER_ATTEMPTS, PEER_EVERY_S)
        self._peers[peer] = bucket
        if len(self._peers) > MAX_PEERS:
            self._peers.popitem(last=False)
        # A client that has to wait takes nothing from what is there for all.
        return bucket.take() or (0.0 if peer in self._known else self._all.take())

    def succeeded(self, peer: str) -> None:
        self._peers.pop(peer, None)
        self._known[peer] = None
        self._known.move_to_end(peer)
        if len(self._known) > MAX_PEERS:
            self._known.popitem(last=False)


class Bucket:
    """A token bucket: *size* at once, then one every *every_s* seconds."""

    def __init__(self, size: int, every_s: float) -> None:
        self._size = size
        self._every_s = every_s
        self._tokens = float(size)
        self._at = time.monotonic()

    def take(self) -> float:
        """0 and one token less, or the seconds until there is one."""
        now = time.monotonic()
        refilled = self._tokens + (now - self._at) / self._every_s
        self._tokens, self._at = min(refilled, self._size), now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) * self._every_s
