"""Supervisor of the processes that serve the proxy: begun, replaced, ended."""

import asyncio
import logging
import os
import pickle
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from appliance.workers.control import Assignment, ControlChannel, Word
from monitor.in_flight.open_exchange import OpenExchanges, OpenWish, merged, unpacked
from monitor.processes import environment

logger = logging.getLogger(__name__)

# What still serves after this long is broken, not slow.
START_TIMEOUT_S = 20.0
# A worker that does not follow is not waited for: its routes come with its end.
ROUTES_TIMEOUT_S = 5.0
# Beyond the time a worker has to drain.
END_TIMEOUT_S = 5.0
# One that does not say by then what it has in flight is left out, and that is said.
LOOK_TIMEOUT_S = 1.0
AGAIN_S = 5.0
MAX_DEATHS = 5
WITHIN_S = 30.0


class WorkersKeepDying(Exception):
    """Replacing them does not help."""


class Worker:
    """One process, from main's side."""

    def __init__(self, process: Process, channel: ControlChannel) -> None:
        self.process = process
        self.channel = channel
        self.is_leaving = False
        self.is_ready = asyncio.Event()
        self.is_over = asyncio.Event()
        self._routes = -1
        self._news = asyncio.Event()
        # Asked what it has in flight: by number, what waits for the answer.
        self._looks: dict[int, asyncio.Future[OpenExchanges]] = {}
        self._looked = 0

    def leave(self) -> None:
        """Take no more, finish what is in flight, and end."""
        self.is_leaving = True
        self.channel.tell(Word.DRAIN)

    def note_routes(self, version: int) -> None:
        self._routes = version
        self._wake()

    async def look(self, wish: OpenWish) -> OpenExchanges:
        """What it has in flight; nothing, and not complete, where it does not say."""
        self._looked += 1
        number = self._looked
        said: asyncio.Future[OpenExchanges] = asyncio.Future()
        self._looks[number] = said
        try:
            self.channel.tell(Word.OPEN, number, wish.written())
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                return await said
        except TimeoutError:
            return OpenExchanges([], 0, is_complete=False)
        finally:
            del self._looks[number]

    def note_open(self, number: int, content: bytes) -> None:
        said = self._looks.get(number)
        if said is not None and not said.done():
            said.set_result(unpacked(content))

    def note_end(self) -> None:
        for said in self._looks.values():
            if not said.done():
                said.set_result(OpenExchanges([], 0))
        self.is_over.set()
        self.is_ready.set()
        self._wake()

    @property
    def is_routed(self) -> bool:
        return self._routes >= 0

    async def routes(self, version: int) -> None:
        """Until it routes from *version* or later, or is over."""
        while self._routes < version and not self.is_over.is_set():
            await self._news.wait()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Workers:
    """*count* processes on sockets that main bound once: none is ever refused.

    *tasks* owns one task for each process; it ends with WorkersKeepDying where five of
    them die within 30 s. *version* is that of the table that is kept now; *appended*
    is called when there may be something to record.
    """

    def __init__(
        self,
        assignment: Assignment,
        *,
        count: int,
        tasks: asyncio.TaskGroup,
        version: Callable[[], int],
        appended: Callable[[], None],
        long_turn: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._assignment = assignment
        self._count = count
        self._tasks = tasks
        self._version = version
        self._appended = appended
        self._long_turn = long_turn
        self._workers: list[Worker] = []
        self._deaths: deque[float] = deque(maxlen=MAX_DEATHS)
        self._restarting = asyncio.Lock()
        self._is_stopping = False

    @property
    def are_routed(self) -> bool:
        """Whether each that takes exchanges has a table to route from."""
        return all(w.is_routed for w in self._workers if not w.is_leaving)

    @property
    def pids(self) -> list[int]:
        """Of those that take exchanges now."""
        return [w.process.pid for w in self._workers if not w.is_leaving]

    async def start(self) -> None:
        """Raises WorkersKeepDying where one does not begin to serve."""
        for worker in [await self._begin() for _ in range(self._count)]:
            await self._until_ready(worker)

    async def publish(self, version: int) -> None:
        """Once it returns, all route from the table that was kept."""
        followers = [w for w in self._workers if not w.is_leaving]
        for worker in followers:
            worker.channel.tell(Word.ROUTES, version)
        try:
            async with asyncio.timeout(ROUTES_TIMEOUT_S):
                for worker in followers:
                    await worker.routes(version)
        except TimeoutError:
            logger.error("a worker does not follow the routes")

    async def look(self, wish: OpenWish) -> OpenExchanges:
        """What all of them have in flight, those that are leaving too."""
        each = await asyncio.gather(*(worker.look(wish) for worker in self._workers))
        return merged(each, wish)

    async def restart(self) -> None:
        """Replace each, one at a time; the new one serves before the old one ends."""
        async with self._restarting:
            logger.info("restarting the workers")
            for worker in [w for w in self._workers if not w.is_leaving]:
                if self._is_stopping or worker.is_over.is_set():
                    continue
                await self._until_ready(await self._begin())
                await self._see_off(worker)
            logger.info("the workers are restarted")

    async def stop(self) -> None:
        self._is_stopping = True
        leaving = list(self._workers)
        for worker in leaving:
            worker.leave()
        for number in self._assignment.listening:
            _refuse(number)
        await asyncio.gather(*(self._see_off(worker) for worker in leaving))

    async def _begin(self) -> Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            assignment = replace(self._assignment, control=theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "appliance.workers.worker"),
                stdin=PIPE,
                env=environment(),
                pass_fds=(assignment.control, *assignment.listening),
            )
        assert process.stdin is not None
        process.stdin.write(pickle.dumps(assignment))
        process.stdin.close()
        worker = Worker(process, await ControlChannel.over(ours))
        self._workers.append(worker)
        self._tasks.create_task(self._attend(worker))
        if self._is_stopping:
            # The stop did not know of it.
            worker.leave()
        return worker

    async def _attend(self, worker: Worker) -> None:
        """Listen to it until it is over; replace it where it was not to end."""
        began = time.monotonic()
        while (said := await worker.channel.next()) is not None:
            match said.word:
                case Word.READY:
                    worker.is_ready.set()
                    # The table may have changed since it read the file.
                    worker.channel.tell(Word.ROUTES, self._version())
                case Word.ROUTES:
                    worker.note_routes(said.number)
                case Word.APPENDED:
                    self._appended()
                case Word.LONG_TURN:
                    self._long_turn(said.number / 1000)
                case Word.OPEN:
                    worker.note_open(said.number, said.content)
        code = await worker.process.wait()
        worker.channel.close()
        self._workers.remove(worker)
        worker.note_end()
        # What it appended last may not have been told.
        self._appended()
        if not worker.is_leaving and not self._is_stopping:
            self._note_death(worker, code)
            # One that cannot live is not begun as fast as the machine can.
            await asyncio.sleep(max(0.0, 0.5 - (time.monotonic() - began)))
            await self._replace()

    async def _replace(self) -> None:
        """Begin another; what the system refuses now, it may give later."""
        while not self._is_stopping:
            try:
                await self._begin()
                return
            except OSError as error:
                logger.error(
                    "a worker cannot be begun", extra={"reason": error.strerror}
                )
                await asyncio.sleep(AGAIN_S)

    def _note_death(self, worker: Worker, code: int) -> None:
        logger.error(
            "a worker died and is replaced",
            extra={"pid": worker.process.pid, "exit_code": code},
        )
        now = time.monotonic()
        self._deaths.append(now)
        if len(self._deaths) == MAX_DEATHS and now - self._deaths[0] < WITHIN_S:
            raise WorkersKeepDying(f"{MAX_DEATHS} workers died within {WITHIN_S:g} s")

    async def _until_ready(self, worker: Worker) -> None:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await worker.is_ready.wait()
        except TimeoutError:
            worker.process.kill()
            logger.error("a worker does not begin to serve")

    async def _see_off(self, worker: Worker) -> None:
        """Let it drain; end it where that takes too long."""
        worker.leave()
        limit_s = self._assignment.settings.drain_timeout_s + END_TIMEOUT_S
        try:
            async with asyncio.timeout(limit_s):
                await worker.process.wait()
        except TimeoutError:
            logger.error("a worker does not end", extra={"pid": worker.process.pid})
            worker.process.kill()
            await worker.process.wait()


def _refuse(listening: int) -> None:
    """No more connections, whichever process still holds the socket.

    Each that was closed in one process alone would be left hanging in its queue.
    """
    with suppress(OSError), socket.socket(fileno=os.dup(listening)) as bound:
        bound.shutdown(socket.SHUT_RDWR)
