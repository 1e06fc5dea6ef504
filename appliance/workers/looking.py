"""A look at what is in flight in this process."""

from functools import cached_property

from appliance.data.masking import redaction
from monitor.in_flight.open_exchange import OpenExchanges, OpenWish
from monitor.redaction.redaction import Redaction
from monitor.settings import Settings
from proxy.exchange.handler import Proxy


class Look:
    """Costs nothing before the first one; what it masks is in no tally."""

    def __init__(self, proxy: Proxy, settings: Settings) -> None:
        self._proxy = proxy
        self._settings = settings

    def __call__(self, wish: OpenWish) -> OpenExchanges:
        return self._proxy.look(wish, self._redaction)

    async def soon(self, wish: OpenWish) -> OpenExchanges:
        """The same for who may have to wait for it."""
        return self(wish)

    @cached_property
    def _redaction(self) -> Redaction:
        return redaction(self._settings, None)
