"""Notifying: what is to be told of events reaches its channels."""

import asyncio
import logging
from datetime import UTC, datetime
from uuid import UUID

from monitor.alerts.channel import Attempted
from monitor.errors import MonitorError
from monitor.lifecycle import Lifecycle
from monitor.network.outbound import Outbound
from monitor.network.telling import tell
from monitor.storage.alerts.deliveries import Deliveries
from monitor.storage.database.pool import FAILED
from monitor.trouble import Trouble

logger = logging.getLogger(__name__)

POLL_S = 1.0
MAX_AT_ONCE = 16


class Notifier:
    """Makes attempts, at most one a channel and MAX_AT_ONCE in all at a time."""

    def __init__(self, deliveries: Deliveries, outbound: Outbound) -> None:
        self._deliveries = deliveries
        self._outbound = outbound
        self._busy: set[UUID] = set()
        self._beginning = Trouble(
            "no attempts are begun", "attempts are begun again", logger=logger
        )
        self._noting = Trouble(
            "an attempt is not noted", "attempts are noted again", logger=logger
        )

    async def run(self, state: Lifecycle) -> None:
        """For ever; PostgreSQL's absence is waited out."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                begun = 0
                try:
                    if state.is_ready:
                        begun = await self.begin(tasks, datetime.now(UTC))
                        self._beginning.passed()
                except MonitorError as error:
                    logger.debug("skipped a turn", extra={"reason": error.detail})
                except FAILED as error:
                    self._beginning.met(type(error).__name__)
                await asyncio.sleep(POLL_S / 20 if begun else POLL_S)

    async def begin(self, tasks: asyncio.TaskGroup, now: datetime) -> int:
        """Begin the attempts that are due at *now*; how many there were."""
        free = MAX_AT_ONCE - len(self._busy)
        if free <= 0:
            return 0
        messages = await self._deliveries.begin_due(now, most=free, busy=self._busy)
        for message in messages:
            self._busy.add(message.channel_id)
            tasks.create_task(self._attempt(message, now))
        return len(messages)

    async def _attempt(self, message: Attempted, now: datetime) -> None:
        try:
            outcome = await tell(self._outbound, message, now)
            await self._deliveries.finish(message, outcome, now, is_last=False)
            self._noting.passed()
        except MonitorError as error:
            # The lease ends, and the attempt is made again.
            self._noting.met(error.detail)
        except FAILED as error:
            self._noting.met(type(error).__name__)
        finally:
            self._busy.discard(message.channel_id)
