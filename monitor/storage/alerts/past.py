"""Past of a rule: the events it would have made, had it been there already."""

from dataclasses import replace
from datetime import datetime

from monitor.alerts.preview import turns
from monitor.alerts.rule import Alert, AlertEvent
from monitor.alerts.state import AlertState
from monitor.storage.alerts.events import keep
from monitor.storage.alerts.previews import AlertPreviews
from monitor.storage.alerts.windows import LONGEST_REACH, event_at, logs_within
from monitor.traffic.ids import LogIds


class AlertPast:
    def __init__(self, previews: AlertPreviews) -> None:
        self._previews = previews

    async def find(self, alert: Alert, now: datetime) -> list[AlertEvent]:
        """Events of the last day of a rule over a window, from what is stored.

        They are kept, and nobody is told. What goes on is left to the rule itself.
        """
        if alert.window is None:
            return []
        found = await self._previews.of(alert, now)
        times = LogIds()
        events = []
        async with (
            self._previews.database.connection() as connection,
            connection.transaction(),
        ):
            for turn in turns(alert.window, found.points, found.width):
                at = turn.standing.since
                logs = logs_within(alert, alert.window, LONGEST_REACH, at)
                event = await event_at(
                    connection, alert, turn.standing, turn.value, logs
                )
                if event is not None:
                    events.append(replace(event, id=times.at(at)))
            if events and events[-1].state is AlertState.FIRING:
                events.pop()
            await keep(connection, events)
        return events
