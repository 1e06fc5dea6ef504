"""Serving: the appliance runs until it is told to stop, and what may run beside it."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine

import uvloop

from appliance.data.directory import StartError
from appliance.exit_codes import ExitCode, ended_by
from appliance.process import descriptors, garbage, journal
from appliance.start.running import Appliance, running
from appliance.start.welcome import welcome
from appliance.workers.supervisor import WorkersKeepDying
from monitor.network import tls
from monitor.settings import Settings, legacy_names

logger = logging.getLogger(__name__)

Beside = Callable[[Appliance], Coroutine[None, None, None]]


async def nothing(appliance: Appliance) -> None:
    """A served appliance needs no more than its users."""


def serve(settings: Settings, beside: Beside) -> None:
    """Raises StartError where it cannot start, or cannot go on."""
    journal.set_up(debug=settings.debug)
    descriptors.raise_limit()
    for name in legacy_names():
        logger.warning(
            "a setting of the former product is ignored", extra={"setting": name}
        )
    tls.prepare(tls.CHANNELS, tls.UPSTREAMS)
    refused: StartError | None = None
    try:
        uvloop.run(_until_told_to_stop(settings, beside))
    except* WorkersKeepDying:
        refused = StartError(
            "the processes that serve the proxy keep dying; their log lines say why",
            exit_code=ExitCode.FAILURE,
        )
    except* StartError as group:
        refused = _first(group)
    if refused is not None:
        # Python 3.11.2 makes a group of what is raised within except*.
        raise refused


def _first(refused: BaseExceptionGroup[StartError]) -> StartError:
    found = refused.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


async def _until_told_to_stop(settings: Settings, beside: Beside) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _told, stop, number)
    async with running(settings) as appliance:
        hang_up = _restart(appliance, stop)
        loop.add_signal_handler(signal.SIGHUP, hang_up)
        garbage.settle()
        print(welcome(appliance, settings), flush=True)
        extra = asyncio.create_task(beside(appliance))
        extra.add_done_callback(_say_why)
        await stop.wait()
        logger.info("stopping")
        extra.cancel()
        await asyncio.wait([extra])
    logger.info("stopped")


def _restart(appliance: Appliance, stop: asyncio.Event) -> Callable[[], None]:
    """SIGHUP restarts the workers; where there are none, a terminal was closed."""
    restarts: set[asyncio.Task[None]] = set()

    def hang_up() -> None:
        if appliance.workers is None:
            stop.set()
            return
        task = asyncio.create_task(appliance.workers.restart())
        restarts.add(task)
        task.add_done_callback(restarts.discard)

    return hang_up


def _say_why(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("the sample traffic ended", exc_info=task.exception())


def _told(stop: asyncio.Event, number: int) -> None:
    """The first signal drains, a second one ends at once."""
    if stop.is_set():
        os._exit(ended_by(number))
    stop.set()
