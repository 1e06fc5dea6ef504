"""Worker: one of several processes that serve the proxy, and what it does."""

import asyncio
import logging
import pickle
import signal
import socket
import sys

import uvloop

from appliance.data.directory import DataDirectory
from appliance.process import garbage, journal
from appliance.process.listening import listening
from appliance.workers.control import Assignment, ControlChannel, Word
from appliance.workers.looking import Look
from appliance.workers.proxying import make_proxy
from monitor.in_flight.open_exchange import packed, read_wish
from monitor.loop.watch import LoopWatch
from monitor.network import tls
from monitor.registry.routes_file import load
from monitor.registry.table import RoutingTable
from monitor.spool.tally import Tally
from monitor.spool.writer import Spool
from monitor.trouble import Trouble

logger = logging.getLogger(__name__)

# Main gathers records for longer than that anyway.
TELL_AFTER_S = 0.02
# A client that was accepted has sent its request by then.
GRACE_S = 0.5


class AppendNotice:
    """Tells main that there is something to record: once for many records."""

    def __init__(self, channel: ControlChannel) -> None:
        self._channel = channel
        self._is_due = False

    def __call__(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(TELL_AFTER_S, self._tell)

    def _tell(self) -> None:
        self._is_due = False
        self._channel.tell(Word.APPENDED)


class KeptRoutes:
    """The table that main keeps in a file; read again when main says so."""

    def __init__(self, data: DataDirectory) -> None:
        self._path = data.routes
        self._table = RoutingTable(is_known=False)
        self._reading = Trouble(
            "the routing table cannot be read",
            "the routing table is read again",
            logger=logger,
        )

    def table(self) -> RoutingTable:
        return self._table

    async def read(self) -> int:
        """The version that is routed from now on; -1 where there is none yet."""
        try:
            self._table = await asyncio.to_thread(load, self._path)
        except (OSError, ValueError) as error:
            self._reading.met(type(error).__name__)
        else:
            self._reading.passed()
        return self._table.version if self._table.is_known else -1


async def serve(assignment: Assignment) -> None:
    """Until main says so, or is gone."""
    settings = assignment.settings
    data = DataDirectory(settings.data_dir)
    channel = await ControlChannel.over(socket.socket(fileno=assignment.control))
    spool = Spool(data.spool, limit_bytes=settings.spool_limit_bytes)
    spool.on_append = AppendNotice(channel)
    tally = Tally(data.tally, spool.writer)
    routes = KeptRoutes(data)
    await routes.read()
    proxy = make_proxy(
        settings,
        data,
        routes=routes.table,
        spool=spool,
        tally=tally,
        via=assignment.via,
        is_open=assignment.is_open,
    )
    runner = proxy.runner(timeout_s=settings.drain_timeout_s, grace_s=GRACE_S)
    sockets = [socket.socket(fileno=each) for each in assignment.listening]
    watch = LoopWatch(lambda s: channel.tell(Word.LONG_TURN, round(s * 1000)))
    try:
        async with listening(runner, sockets):
            garbage.settle()
            watch.start()
            channel.tell(Word.READY)
            try:
                await _obey(channel, routes, Look(proxy, settings))
            finally:
                watch.stop()
    finally:
        spool.close()
        tally.close()


async def _obey(channel: ControlChannel, routes: KeptRoutes, look: Look) -> None:
    while (said := await channel.next()) is not None:
        match said.word:
            case Word.ROUTES:
                channel.tell(Word.ROUTES, await routes.read())
            case Word.OPEN:
                found = look(read_wish(said.content))
                channel.tell(Word.OPEN, said.number, packed(found))
            case Word.DRAIN:
                return


def main() -> None:
    """Started by the supervisor, which writes the assignment to its input."""
    assignment: Assignment = pickle.load(sys.stdin.buffer)
    # Ctrl-C and a supervisor's SIGTERM to the whole group are for main to act on.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    journal.set_up(debug=assignment.settings.debug)
    tls.prepare(tls.UPSTREAMS)
    uvloop.run(serve(assignment))


if __name__ == "__main__":
    main()
