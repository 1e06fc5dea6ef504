"""How a proxy is made, in main or in a worker process."""

from collections.abc import Callable

from appliance.directory import DataDirectory
from monitor.access import SESSION_COOKIE
from monitor.ids import LogIds
from monitor.recording import Recording
from monitor.redaction import Redaction
from monitor.registry import RoutingTable
from monitor.replay.tickets import Tickets
from monitor.settings import Settings
from monitor.spool import Spool
from monitor.tally import Tally
from proxy.handler import Proxy


def make_proxy(
    settings: Settings,
    data: DataDirectory,
    *,
    routes: Callable[[], RoutingTable],
    spool: Spool,
    tally: Tally,
    via: str,
    is_open: bool,
) -> Proxy:
    redaction = Redaction(
        headers=settings.sensitive_headers,
        parameters=settings.sensitive_parameters,
    )
    return Proxy(
        settings=settings,
        routes=routes,
        record=Recording(spool=spool, redaction=redaction, tally=tally),
        ids=LogIds(),
        tally=tally,
        via=via,
        session_cookie=SESSION_COOKIE,
        is_open=is_open,
        tickets=Tickets(data.tickets),
    )
