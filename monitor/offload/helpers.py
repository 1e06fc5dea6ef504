"""Processes that work over what strangers sent, beside the loop that serves.

A long stretch of work holds the loop, and in a thread it holds the interpreter's lock.
In a process of its own it holds neither, and what it may take is bounded.
"""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from monitor.counters import Counters
from monitor.errors import TooManyRequests
from monitor.loop.fair_queue import FairQueue
from monitor.offload import frames
from monitor.offload.outcome import OutcomeKind, Unworked, WorkOutcome
from monitor.processes import bare_environment
from monitor.settings import Settings

logger = logging.getLogger(__name__)

# One that has nothing to do for so long ends; the next piece of work begins another.
IDLE_S = 60.0
READ_BYTES = 1024 * 1024


class Worked(Protocol):
    """What all work gives; *is_limited*: a work limit was reached on the way."""

    @property
    def is_limited(self) -> bool: ...


T = TypeVar("T", bound=Worked)


class Helpers:
    """A bounded number of processes, shared in turn by the services.

    *processes* of them and *waiting* pieces of work of one service, else as many as
    bodies may have. *idle_s* is for those who do not want to wait for it.
    """

    def __init__(
        self,
        settings: Settings,
        counters: Counters,
        *,
        processes: int | None = None,
        waiting: int | None = None,
        idle_s: float = IDLE_S,
    ) -> None:
        self._memory_bytes = settings.helper_memory_bytes
        self._timeout_s = settings.helper_timeout_s
        self._counters = counters
        self._idle_s = idle_s
        self._turns = FairQueue(
            places=processes or settings.helper_processes,
            most_waiting=waiting or settings.helper_waiting,
        )
        self._all: set[Process] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._idle: list[tuple[Process, asyncio.TimerHandle]] = []

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._all]

    async def do(
        self,
        kind: OutcomeKind,
        sender: Hashable,
        function: Callable[..., T],
        *arguments: Any,
        is_little: bool,
    ) -> T:
        """What *function*, of a module's own, makes of *arguments*.

        At once where that is little; else in a helper, in the turn of *sender*. Raises
        Unworked.
        """
        if is_little:
            made = function(*arguments)
        else:
            made = await self._counted(kind, sender, (function, arguments))
        if made.is_limited:
            self._counters.work_limited.labels(kind).inc()
        return made

    async def close(self) -> None:
        """Ends all of them, whatever they do."""
        for _, timer in self._idle:
            timer.cancel()
        self._idle.clear()
        for process in list(self._all):
            self._end(process)
        await asyncio.gather(*self._ending)

    async def _counted(self, kind: OutcomeKind, sender: Hashable, task: Any) -> Any:
        outcome = WorkOutcome.GIVEN_UP
        try:
            with self._counters.helper_waiting.track_inprogress():
                made = await self._in_turn(sender, task)
            outcome = WorkOutcome.LIMIT if made.is_limited else WorkOutcome.DONE
            return made
        except Unworked as error:
            outcome = error.outcome
            logger.warning(
                "work was not done", extra={"kind": kind, "outcome": outcome.value}
            )
            raise
        finally:
            self._counters.helper_tasks.labels(kind, outcome).inc()

    async def _in_turn(self, sender: Hashable, task: Any) -> Any:
        try:
            async with asyncio.timeout(2 * self._timeout_s), self._turns.turn(sender):
                return await self._by_helper(task)
        except TimeoutError:
            raise Unworked(WorkOutcome.TIMED_OUT) from None
        except TooManyRequests:
            raise Unworked(WorkOutcome.REFUSED) from None

    async def _by_helper(self, task: Any) -> Any:
        process = await self._take()
        is_sound = False
        try:
            async with asyncio.timeout(self._timeout_s):
                outcome, value = await _exchange(process, frames.packed(task))
            is_sound = outcome in (WorkOutcome.DONE, WorkOutcome.FAILED)
        except TimeoutError:
            raise Unworked(WorkOutcome.TIMED_OUT) from None
        except (OSError, EOFError):
            raise Unworked(WorkOutcome.DIED) from None
        finally:
            self._give_back(process) if is_sound else self._end(process)
        if outcome is not WorkOutcome.DONE:
            raise Unworked(outcome)
        return value

    async def _take(self) -> Process:
        while self._idle:
            process, ending = self._idle.pop()
            ending.cancel()
            if _lives(process):
                return process
            self._end(process)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "monitor.offload.child"),
                *(str(self._memory_bytes), str(self._timeout_s)),
                stdin=PIPE,
                stdout=PIPE,
                env=bare_environment(),
                limit=READ_BYTES,
            )
        except OSError as error:
            logger.error("no helper can be started", extra={"reason": str(error)})
            raise Unworked(WorkOutcome.DIED) from None
        self._all.add(process)
        self._counters.helper_processes.inc()
        return process

    def _give_back(self, process: Process) -> None:
        loop = asyncio.get_running_loop()
        ending = loop.call_later(self._idle_s, self._end_idle, process)
        self._idle.append((process, ending))

    def _end_idle(self, process: Process) -> None:
        self._idle = [one for one in self._idle if one[0] is not process]
        self._end(process)

    def _end(self, process: Process) -> None:
        """It holds nothing that is worth a farewell."""
        if process.returncode is None:
            process.kill()
        if process in self._all:
            self._all.remove(process)
            self._counters.helper_processes.dec()
        ending = asyncio.create_task(_see_off(process))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


async def _exchange(process: Process, frame: bytes) -> tuple[WorkOutcome, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(frame)
    await process.stdin.drain()
    head = await process.stdout.readexactly(frames.HEAD.size)
    content = await process.stdout.readexactly(frames.length_of(head))
    result: tuple[WorkOutcome, Any] = frames.unpacked(content)
    return result


def _lives(process: Process) -> bool:
    """Its end may be there, and the loop not told of it yet."""
    if process.returncode is not None:
        return False
    try:
        # Looked at and left: it is the loop's to fetch.
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        # Fetched a moment ago.
        return False
    return ended is None


async def _see_off(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()
    # What it did not read any more went nowhere.
    with suppress(OSError):
        await process.stdin.wait_closed()
