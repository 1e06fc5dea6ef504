"""Traffic of the demo: what a newcomer sees, through the proxy to a small upstream."""

import asyncio
import itertools
import logging
import math
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, CookieJar

from appliance.demo import history, shop, upstream
from monitor.settings import Settings
from monitor.storage.stores import Stores

logger = logging.getLogger(__name__)

NAMED = {
    shop.NAME: "Sample traffic",
    **{service.name: service.description for service in history.SERVICES},
}
BURST = 150
# After the burst, one request now and then.
TRICKLE_EVERY_S = 1.5
# What stays open is left and come back to after so long.
STAY_S = 30.0
WAIT = ClientTimeout(total=30)
SAID = ("where is my order?", "order 4711, of Monday", "thank you")
FORM_TOKEN = re.compile(r'name="token" value="([^"]*)"')


def of_its_own(settings: Settings) -> Settings:
    """*settings* of a demo: its data lies beside the user's, and never among it."""
    directory = settings.data_dir.absolute()
    beside = directory.with_name(f"{directory.name}-demo")
    return settings.model_copy(update={"data_dir": beside, "database_url": None})


async def run(
    *,
    app_url: str,
    proxy_url: str,
    password: str | None = None,
    stores: Stores | None = None,
    seconds: float = math.inf,
) -> None:
    """Set the shop up and send traffic for *seconds*, or until this is cancelled.

    *password* is that of the app, where it is closed. *stores*: where the rules' past
    is looked for, too.
    """
    runner, upstream_url = await upstream.start()
    try:
        # The cookie of the first would go to the proxy too, which has the same host.
        async with (
            ClientSession(timeout=WAIT, cookie_jar=CookieJar(unsafe=True)) as session,
            ClientSession(timeout=WAIT) as visiting,
        ):
            if password is not None:
                await _sign_in(session, app_url, password)
            found = await shop.stands(session, app_url, upstream_url, NAMED)
            await shop.watch(session, app_url, found, f"{upstream_url}/hook")
            now = datetime.now(UTC)
            is_new = await shop.fill(session, app_url, found, now)
            if is_new and stores is not None:
                await shop.look_back(stores, now)
            places = {name: f"{proxy_url}/{one.slug}" for name, one in found.items()}
            visitor = Visitor(visiting, places, app_url, found[shop.NAME].key)
            await visitor.burst()
            if is_new:
                await shop.furnish(session, app_url, found)
                for ago in history.EARLIER:
                    await shop.push(session, app_url, found, now, ago)
            logger.info("sample traffic is there", extra={"page": f"{app_url}/"})
            await visitor.live(seconds)
    finally:
        await runner.cleanup()


class Visitor:
    """A client that does what clients do, errors and slow downloads too."""

    def __init__(
        self,
        session: ClientSession,
        places: Mapping[str, str],
        app_url: str,
        key: str,
    ) -> None:
        self._session = session
        self._shop = places[shop.NAME]
        self._places = places
        self._app_url = app_url
        self._key = key
        self._random = random.Random(7)

    async def burst(self) -> None:
        """Each kind of exchange once, then a mix."""
        for visit in self._visits():
            await self._try(visit)
        for _ in range(BURST):
            await self._try(self._any())

    async def live(self, seconds: float) -> None:
        """Requests now and then, and some that stay open."""
        async with asyncio.TaskGroup() as group:
            stays = [
                group.create_task(self._again(visit))
                for visit in (self._tail, self._talk)
            ]
            await self._trickle(seconds)
            for stay in stays:
                stay.cancel()

    async def _trickle(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            await asyncio.sleep(min(TRICKLE_EVERY_S, end - loop.time()))
            await self._try(self._any())

    async def _again(self, visit: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._try(visit)
            await asyncio.sleep(TRICKLE_EVERY_S)

    def _visits(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self._browse,
            self._buy,
            self._fail,
            self._wait,
            self._upload,
            self._look,
            self._listen,
            self._chat,
            self._push,
            self._read,
            self._pay,
            self._sign_in,
        ]

    def _any(self) -> Callable[[], Awaitable[None]]:
        often = [self._browse] * 30 + [self._buy] * 12 + [self._fail] * 6
        often += [self._read] * 8 + [self._pay] * 8 + [self._sign_in] * 5
        return self._random.choice([*often, *self._visits()])

    async def _try(self, visit: Callable[[], Awaitable[None]]) -> None:
        try:
            await visit()
        except (ClientError, TimeoutError) as error:
            logger.debug("a visit failed", extra={"reason": type(error).__name__})

    async def _send(self, method: str, url: str, **options: Any) -> None:
        async with self._session.request(method, url, **options) as answer:
            await answer.read()

    async def _browse(self) -> None:
        id = self._random.randint(1, 40)
        await self._send("GET", f"{self._shop}/products/{id}?currency=EUR")

    async def _buy(self) -> None:
        order = {"product": self._random.randint(1, 40), "quantity": 1}
        headers = {"Authorization": "Bearer demo-secret"}
        await self._send("POST", f"{self._shop}/orders", json=order, headers=headers)

    async def _fail(self) -> None:
        path = self._random.choice(["/checkout", "/products/none"])
        await self._send("GET", f"{self._shop}{path}")

    async def _wait(self) -> None:
        await self._send("GET", f"{self._shop}/reports/slow")

    async def _upload(self) -> None:
        data = b"row,of,values\n" * 20_000
        await self._send("PUT", f"{self._shop}/uploads/1", data=data)

    async def _look(self) -> None:
        await self._send("GET", f"{self._shop}/images/1.png")

    async def _listen(self) -> None:
        await self._send("GET", f"{self._shop}/events")

    async def _chat(self) -> None:
        async with self._session.ws_connect(
            f"{self._shop}/chat", compress=15
        ) as socket:
            for said in ("hello", '{"subscribe": "prices", "currency": "EUR"}'):
                await socket.send_str(said)
                await socket.receive()
            await socket.send_bytes(bytes(range(32)))
            await socket.receive()

    async def _read(self) -> None:
        id = self._random.randint(1, 40)
        await self._send("GET", f"{self._places['demo catalog']}/products/{id}/reviews")

    async def _pay(self) -> None:
        charge = {"amount": self._random.randint(100, 9_900), "currency": "EUR"}
        await self._send(
            "POST", f"{self._places['demo payments']}/charges", json=charge
        )

    async def _sign_in(self) -> None:
        person = {"name": "ada", "password": "demo-secret"}
        url = f"{self._places['demo accounts']}/sessions"
        await self._send("POST", url, json=person)

    async def _tail(self) -> None:
        """A page that shows prices as they change."""
        url = f"{self._shop}/prices/live"
        async with self._session.get(url, timeout=ClientTimeout(STAY_S)) as answer:
            await answer.read()

    async def _talk(self) -> None:
        """Somebody and the support."""
        async with (
            asyncio.timeout(STAY_S),
            self._session.ws_connect(f"{self._shop}/chat/support") as socket,
        ):
            for said in itertools.cycle(SAID):
                await socket.send_str(said)
                await socket.receive()
                await asyncio.sleep(2 * TRICKLE_EVERY_S)

    async def _push(self) -> None:
        log = {
            "method": "POST",
            "url": "https://batch.internal/nightly?token=demo-secret",
            "path": "/nightly",
            "status_code": 202,
            "latency_ms": 31.4,
            "tags": ["nightly"],
            "request_body": '{"rows": 1200}',
        }
        headers = {"Authorization": f"Bearer {self._key}"}
        url = f"{self._app_url}/v1/logs"
        await self._send("POST", url, json=log, headers=headers)


async def _sign_in(session: ClientSession, app_url: str, password: str) -> None:
    """As a person does: nothing of it stays."""
    url = f"{app_url}/signin"
    async with session.get(url) as answer:
        token = FORM_TOKEN.search(await answer.text())
    form = {"token": token[1] if token else "", "password": password}
    async with session.post(url, data=form, allow_redirects=False) as answer:
        if answer.status != 303:
            raise RuntimeError(f"the demo could not sign in: {answer.status}")
