"""Embedded PostgreSQL, kept running for as long as the appliance is."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from appliance.data.directory import DataDirectory, StartError
from appliance.exit_codes import ExitCode
from monitor.settings import Settings
from monitor.storage.server.programs import ServerError, UnusableServerError
from monitor.storage.server.server import Server

logger = logging.getLogger(__name__)

# Clients of the proxy wait that long for its first start, as for another's answer.
FIRST_S = 5.0
# A first start may take that long before it is called away.
USUAL_S = 30.0
POLL_S = 1.0
MAX_BACK_OFF_S = 30.0
# One that ran for that long has got over what ended it before.
STEADY_S = 60.0


class Embedded:
    """One server, started again and again where it does not start, or ends by itself.

    *trouble* is why it does not run, in words for who runs it; empty while it does.
    *is_starting*: for the first time, which may take a while, and is none.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._starting: asyncio.Task[None] | None = None
        self._is_first = True
        self._began = 0.0
        self.trouble = ""

    @property
    def is_starting(self) -> bool:
        passed_s = asyncio.get_running_loop().time() - self._began
        return self._is_first and not self.trouble and passed_s < USUAL_S

    async def begin(self) -> None:
        """The first start; one that takes long goes on in *run*.

        Raises StartError where trying again would not help.
        """
        self._began = asyncio.get_running_loop().time()
        starting = self._start()
        await asyncio.wait({starting}, timeout=FIRST_S)
        if not starting.done() or (error := starting.exception()) is None:
            self._is_first = not starting.done()
            return
        _refuse_if_unusable(error)
        if not isinstance(error, ServerError):
            raise error
        self._begins(str(error))

    async def run(self) -> None:
        """For ever. One line when it does not run, one when it runs again."""
        loop = asyncio.get_running_loop()
        tries = 0
        while True:
            began = loop.time()
            try:
                # A thread that was begun goes on when this is cancelled; *end* waits.
                await asyncio.shield(self._starting or self._start())
            except ServerError as error:
                if self._is_first:
                    _refuse_if_unusable(error)
                self._begins(str(error))
            else:
                self._is_first = False
                self._is_over()
                while not self._server.exited():
                    await asyncio.sleep(POLL_S)
                self._begins("it ended by itself")
                if loop.time() - began > STEADY_S:
                    tries = 0
            await asyncio.sleep(_pause_s(tries))
            tries += 1
            self._starting = None

    async def end(self) -> None:
        """Leave it; it stops where nobody else uses it."""
        self._server.give_up()
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
        await asyncio.to_thread(self._server.stop)

    def _start(self) -> asyncio.Task[None]:
        self._starting = asyncio.create_task(asyncio.to_thread(self._server.start))
        return self._starting

    def _begins(self, reason: str) -> None:
        if not self.trouble:
            logger.error(
                "the embedded PostgreSQL does not run; it is tried again and again",
                extra={"reason": reason},
            )
        self._is_first = False
        self.trouble = reason

    def _is_over(self) -> None:
        if self.trouble:
            logger.info("the embedded PostgreSQL runs again")
        self.trouble = ""


def _refuse_if_unusable(error: BaseException) -> None:
    if isinstance(error, UnusableServerError):
        raise StartError(str(error), exit_code=ExitCode.CANNOT_CREATE)


def _pause_s(tries: int) -> float:
    """At once, then 1 s, 2 s, 4 s, … later."""
    return min(2.0 ** (tries - 1), MAX_BACK_OFF_S) if tries else 0.0


@asynccontextmanager
async def kept(
    settings: Settings, data: DataDirectory
) -> AsyncIterator[tuple[str, Embedded | None]]:
    """How to connect, and the embedded server where it is used, for the block."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value(), None
        return
    server = Server(data.postgres, bin_dir=settings.pg_bin)
    embedded = Embedded(server)
    try:
        await embedded.begin()
        yield server.dsn(), embedded
    finally:
        await embedded.end()
