"""Routes that hold now, in memory and in the file beside the spool."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from monitor.files.damaged import put_aside
from monitor.registry.routes_file import load, save
from monitor.registry.table import RoutingTable, Service
from monitor.trouble import Trouble

logger = logging.getLogger(__name__)


class Routes:
    """The one holder of the current table; *table* is what the proxy routes from.

    *on_kept* is awaited with the version of each table once its file is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.on_kept: Callable[[int], Awaitable[None]] = _nobody
        self._changing = asyncio.Lock()
        self._table = _load(path)
        self._keeping = Trouble(
            "the routing table could not be kept",
            "the routing table is kept again",
            logger=logger,
        )

    def table(self) -> RoutingTable:
        return self._table

    async def refresh(
        self, services: Callable[[], Awaitable[Sequence[Service]]]
    ) -> None:
        """Ask for the services, and hold and keep them where they differ.

        The file is written first: what a start would route from is never older than
        what was answered. So is the first answer where it is none: workers wait for it.
        """
        async with self._changing:
            found = tuple(await services())
            if self._table.is_known and found == self._table.services:
                return
            table = RoutingTable(found, version=self._table.version + 1)
            try:
                await asyncio.to_thread(save, table, self._path)
            except OSError as error:
                self._keeping.met(error.strerror or type(error).__name__)
            else:
                self._keeping.passed()
            self._table = table
            await self.on_kept(table.version)


async def _nobody(version: int) -> None:
    """No other process routes from the file."""


def _load(path: Path) -> RoutingTable:
    try:
        if path.is_symlink() and not path.exists():
            raise ValueError("a link that leads nowhere")
        return load(path)
    except ValueError:
        put_aside(path, "nothing: it is made anew from PostgreSQL")
        return RoutingTable(is_known=False)
