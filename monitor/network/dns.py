"""Lookups of addresses, asked of the system so that nobody else waits."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any, Final, cast

# What socket.getaddrinfo gives back; its port is 0.
Address = tuple[int, int, int, str, tuple[Any, ...]]
Addresses = list[Address]
Resolve = Callable[[str], Addresses]

REFUSED: Final = "lookup_refused"
GIVEN_UP: Final = "lookup_given_up"


class Crowded(Exception):
    """Too many lookups are under way, and do not end."""


class _Lookup:
    """One that is under way, and who waits for it."""

    __slots__ = ("host", "waiting")

    def __init__(self, host: str) -> None:
        self.host = host
        self.waiting: set[asyncio.Future[Addresses | Exception]] = set()


class Lookups:
    """All who ask for a name at the same time share one lookup; none is kept.

    The system's resolver cannot be interrupted: each lookup is a thread of its own,
    which holds up neither another name nor the end of the process. One that all have
    given up is not shared any more. Of a name *per_name* may be under way, of all
    *at_once*.
    """

    def __init__(
        self,
        *,
        per_name: int = 3,
        at_once: int = 100,
        resolve: Resolve | None = None,
        count: Callable[[str], None] = lambda event: None,
    ) -> None:
        self._per_name = per_name
        self._at_once = at_once
        self._resolve = resolve or _system
        self._count = count
        self._shared: dict[str, _Lookup] = {}
        self._under_way: dict[str, int] = {}
        self._total = 0

    async def addresses(self, host: str) -> Addresses:
        """Raises Crowded, or what the resolver does: OSError, UnicodeError."""
        lookup = self._shared.get(host) or self._begin(host)
        waiter: asyncio.Future[Addresses | Exception]
        waiter = asyncio.get_running_loop().create_future()
        lookup.waiting.add(waiter)
        try:
            found = await waiter
        finally:
            lookup.waiting.remove(waiter)
            if not lookup.waiting and self._shared.get(host) is lookup:
                del self._shared[host]
                self._count(GIVEN_UP)
        if isinstance(found, Exception):
            raise found
        return found

    def hangs(self, host: str) -> bool:
        """Whether a lookup of *host* is under way."""
        return host in self._under_way

    def _begin(self, host: str) -> _Lookup:
        self._check_room(host)
        lookup = _Lookup(host)
        loop = asyncio.get_running_loop()
        thread = threading.Thread(
            target=self._look, args=(loop, lookup), name="lookup", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            self._count(REFUSED)
            raise Crowded("no thread could be started for its lookup") from None
        self._shared[host] = lookup
        self._under_way[host] = self._under_way.get(host, 0) + 1
        self._total += 1
        return lookup

    def _check_room(self, host: str) -> None:
        of_name = self._under_way.get(host, 0)
        if of_name < self._per_name and self._total < self._at_once:
            return
        self._count(REFUSED)
        if of_name >= self._per_name:
            raise Crowded(f"{of_name} lookups of it hang (LOOKUPS_PER_NAME)")
        raise Crowded(f"{self._total} lookups are under way (LOOKUPS_AT_ONCE)")

    def _look(self, loop: asyncio.AbstractEventLoop, lookup: _Lookup) -> None:
        """In its thread. What the resolver raises is for who waits."""
        found: Addresses | Exception
        try:
            found = self._resolve(lookup.host)
        except Exception as error:
            found = error
        # The loop may be closed by now.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._over, lookup, found)

    def _over(self, lookup: _Lookup, found: Addresses | Exception) -> None:
        host = lookup.host
        if self._shared.get(host) is lookup:
            del self._shared[host]
        self._total -= 1
        left = self._under_way[host] - 1
        if left:
            self._under_way[host] = left
        else:
            del self._under_way[host]
        for waiter in lookup.waiting:
            if not waiter.done():
                waiter.set_result(found)


def is_literal(host: str) -> bool:
    """Whether *host* is an address itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.inet_pton(family, host.partition("%")[0])
    except OSError:
        return False
    return True


def _system(host: str) -> Addresses:
    """What the system's resolver says."""
    found = socket.getaddrinfo(host, 0, 0, socket.SOCK_STREAM)
    return cast(Addresses, found)
