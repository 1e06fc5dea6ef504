"""Shares of file descriptors: how many each part of a process may have open.

What records comes first: the spool and PostgreSQL have theirs set aside, then the app
has its share, and the proxy what is left, one half for clients and one for upstreams.
"""

import resource
from dataclasses import dataclass
from typing import Final

from monitor.settings import Settings

# The process itself: its streams, loop, signals, listening sockets, locks, logs, and
# what threads open for a moment.
PROCESS: Final = 48
# A writer's segment and tally, the one it is replaced by, and the recorder's at each.
OF_WRITER: Final = 6
# One that listens, and one to cancel a statement by for each of a few.
BESIDE_POOL: Final = 8
# Our side and the proxy's, and the ticket.
OF_REPLAY: Final = 3
# What is stored, and what is counted.
OF_BATCH: Final = 2
# Attempts to tell of alerts, MAX_AT_ONCE, and their lookups.
OUTBOUND: Final = 32
# Of a process that serves the proxy and nothing else.
OF_WORKER: Final = PROCESS + OF_WRITER
# Of what is not set aside.
SHARE_OF_APP: Final = 4
# With fewer nothing works; where there are none, they are missing elsewhere.
FEWEST: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Connections: clients of the app, clients of the proxy, and upstreams."""

    app: int
    clients: int
    upstreams: int


def reserve(settings: Settings) -> int:
    """What the main process sets aside before any client connects."""
    return (
        PROCESS
        + OF_WRITER * settings.proxy_workers
        + settings.pool_size
        + BESIDE_POOL
        + OF_REPLAY * settings.replay_limit
        + OF_BATCH * settings.batches_at_once
        + OUTBOUND
    )


def shares(settings: Settings, limit: int | None = None) -> Shares:
    """Of *limit* descriptors, by default as many as this process may have."""
    if limit is None:
        limit = _limit()
    free = max(limit - reserve(settings), 0)
    is_shared = settings.proxy_workers == 1
    app = min(settings.app_connections, free // SHARE_OF_APP if is_shared else free)
    left = free - app if is_shared else max(limit - OF_WORKER, 0)
    clients = min(settings.client_connections, left // 2)
    return Shares(
        app=max(app, FEWEST),
        clients=max(clients, min(FEWEST, settings.client_connections)),
        upstreams=max(left - clients, FEWEST),
    )


def _limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**31 if soft == resource.RLIM_INFINITY else soft
