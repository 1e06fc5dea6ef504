"""What is told reaches its channel, whatever the others do."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio

from appliance.background.notifying import Notifier
from monitor.alerts.channel import (
    DELAYS_S,
    MAX_ATTEMPTS,
    Channel,
    Delivery,
    DeliveryState,
    delay_after,
    new_secret,
)
from monitor.alerts.receivers import slack
from monitor.lifecycle import Lifecycle
from monitor.network.outbound import Outbound
from monitor.storage.alerts.channels import Channels
from monitor.storage.alerts.deliveries import MAX_WAITING, Deliveries
from monitor.storage.database.pool import Database
from tests.support.receivers import receiver, refusing_url
from tests.support.upstreams import Reader, Writer, upstream

WAITING, DELIVERED, FAILED = DeliveryState


class Desk:
    """Deliveries by hand, and a notifier whose time is told."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.deliveries = Deliveries(database)
        self.channels = Channels(database)
        self.now = datetime.now(UTC)

    async def channel(self, url: str, **fields: Any) -> Channel:
        given = {
            "service_id": None,
            "name": "c",
            "kind": "webhook",
            "url": url,
            "is_active": True,
        }
        made = await self.channels.create({**given, **fields}, secret=new_secret())
        assert made is not None
        return made

    async def waiting(self, channel: Channel, count: int = 1) -> None:
        from monitor.storage.alerts.notifications import DELIVERY_IDS

        async with self.database.connection() as connection:
            await connection.executemany(
                """
                INSERT INTO alert_deliveries (id, channel_id, body, state,
                                              next_attempt_at, created_at)
                VALUES ($1, $2, '{}', 'waiting', $3, $3)
                """,
                [(DELIVERY_IDS.new(), channel.id, self.now) for _ in range(count)],
            )

    async def turn(self, seconds: float = 0) -> int:
        """One round of attempts, so many seconds later; how many were made."""
        self.now += timedelta(seconds=seconds)
        async with Outbound(connect_timeout_s=30, total_timeout_s=30) as outbound:
            notifier = Notifier(self.deliveries, outbound)
            async with asyncio.TaskGroup() as tasks:
                return await notifier.begin(tasks, self.now)

    async def of(self, channel: Channel) -> list[Delivery]:
        found, _ = await self.deliveries.page(
            channel_id=channel.id, limit=500, offset=0
        )
        return found


@pytest_asyncio.fixture
async def desk(database: Database) -> Desk:
    return Desk(database)


async def test_a_receiver_that_fails_twice_is_asked_a_third_time(desk: Desk) -> None:
    async with receiver(500, 503, 200) as there:
        channel = await desk.channel(there.url)
        await desk.waiting(channel)
        assert await desk.turn() == 1
        [delivery] = await desk.of(channel)
        assert delivery.state is WAITING
        assert delivery.next_attempt_at is not None
        wait = delivery.next_attempt_at - desk.now
        assert timedelta(seconds=5) <= wait <= timedelta(seconds=6)
        assert await desk.turn(4.9) == 0
        assert await desk.turn(1.2) == 1
        assert await desk.turn(29) == 0
        assert await desk.turn(8) == 1
        assert await desk.turn(100_000) == 0
        [delivery] = await desk.of(channel)
        assert delivery.state is DELIVERED
        assert delivery.next_attempt_at is None
        seen = [(a.number, a.status_code, a.error) for a in delivery.attempts]
        assert seen == [
            (1, 500, "answered 500"),
            (2, 503, "answered 503"),
            (3, 200, None),
        ]
        assert all(a.duration_ms is not None for a in delivery.attempts)
        ids = {one.headers["webhook-id"] for one in there.received}
        assert len(ids) == 1


async def test_a_receiver_that_refuses_is_given_up_after_all_attempts(
    desk: Desk,
) -> None:
    channel = await desk.channel(refusing_url())
    await desk.waiting(channel)
    assert await desk.turn() == 1
    for delay_s in DELAYS_S:
        assert await desk.turn(delay_s * 1.2) == 1
    assert await desk.turn(1_000_000) == 0
    [delivery] = await desk.of(channel)
    assert delivery.state is FAILED
    assert len(delivery.attempts) == MAX_ATTEMPTS
    for attempt in delivery.attempts:
        assert attempt.status_code is None
        assert attempt.error == "could not be sent: the connection was refused"


async def test_a_receiver_that_hangs_takes_no_place_of_others(desk: Desk) -> None:
    async with receiver(hangs=True) as hanging, receiver() as good:
        stuck = await desk.channel(hanging.url)
        whole = await desk.channel(good.url)
        await desk.waiting(stuck, 50)
        await desk.waiting(whole, 3)
        async with Outbound(total_timeout_s=30) as outbound:
            notifier = Notifier(desk.deliveries, outbound)
            running = asyncio.create_task(notifier.run(Lifecycle(is_ready=True)))
            await good.until(3)
            assert len(hanging.received) == 1
            running.cancel()
            await asyncio.wait([running])
        assert len(await desk.of(stuck)) == 50


async def test_a_failed_handshake_is_said_in_words(desk: Desk) -> None:
    async def speak_plainly(reader: Reader, writer: Writer) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with upstream(speak_plainly) as port:
        channel = await desk.channel(f"https://127.0.0.1:{port}/")
        await desk.waiting(channel)
        await desk.turn()
    [delivery] = await desk.of(channel)
    error = delivery.attempts[0].error
    assert error is not None
    assert error.startswith("could not be sent: TLS failed: ")


async def test_a_redirect_is_not_followed(desk: Desk) -> None:
    async with receiver() as target:
        location = f"Location: {target.url}\r\n".encode()
        async with receiver(307, extra=location) as there:
            channel = await desk.channel(there.url)
            await desk.waiting(channel)
            await desk.turn()
            [delivery] = await desk.of(channel)
            assert delivery.attempts[0].error == (
                "answered 307; redirects are not followed"
            )
        assert target.received == []


async def test_a_cookie_of_a_receiver_is_not_kept(desk: Desk) -> None:
    async with (
        receiver(extra=b"Set-Cookie: a=1\r\n") as there,
        Outbound() as outbound,
    ):
        for _ in range(2):
            assert (await outbound.post(there.url, "{}", {})).error is None
        assert ["cookie" in one.headers for one in there.received] == [False, False]


async def test_an_attempt_that_was_cut_off_is_seen_and_made_again(desk: Desk) -> None:
    async with receiver() as there:
        channel = await desk.channel(there.url)
        await desk.waiting(channel)
        begun = await desk.deliveries.begin_due(desk.now, most=5, busy=())
        assert len(begun) == 1
        assert await desk.turn(59) == 0
        assert await desk.turn(2) == 1
        [delivery] = await desk.of(channel)
        assert [a.status_code for a in delivery.attempts] == [None, 200]
        assert delivery.attempts[0].error is None
        assert delivery.state is DELIVERED


async def test_two_notifiers_make_no_attempt_twice(desk: Desk) -> None:
    made = [await desk.channel(refusing_url()) for _ in range(12)]
    for channel in made:
        await desk.waiting(channel)
    begun = await asyncio.gather(
        *(desk.deliveries.begin_due(desk.now, most=20, busy=()) for _ in range(4))
    )
    ids = [message.delivery_id for messages in begun for message in messages]
    assert len(ids) == len(set(ids)) == 12


async def test_a_channel_that_is_off_is_left_alone(desk: Desk) -> None:
    channel = await desk.channel(refusing_url())
    await desk.waiting(channel)
    await desk.channels.change(channel.id, {"is_active": False})
    assert await desk.turn() == 0
    await desk.channels.change(channel.id, {"is_active": True})
    assert await desk.turn() == 1


async def test_what_waits_for_a_channel_is_bounded_and_the_old_goes(
    desk: Desk,
) -> None:
    channel = await desk.channel(refusing_url())
    await desk.waiting(channel, MAX_WAITING + 3)
    await desk.deliveries.tidy(desk.now)
    found, total = await desk.deliveries.page(
        channel_id=channel.id, limit=10, offset=MAX_WAITING - 5
    )
    assert total == MAX_WAITING + 3
    assert [one.state for one in found] == [WAITING] * 5 + [FAILED] * 3
    await desk.deliveries.tidy(desk.now + timedelta(days=8))
    _, total = await desk.deliveries.page(limit=1, offset=0)
    assert total == 3


def test_delays_grow_and_end() -> None:
    for number, delay_s in enumerate(DELAYS_S, start=1):
        for _ in range(20):
            delay = delay_after(number)
            assert delay is not None
            assert delay_s <= delay.total_seconds() <= delay_s * 1.2
    assert delay_after(MAX_ATTEMPTS) is None


def test_text_for_slack_stays_text() -> None:
    assert slack("<!here> & <b>") == {"text": "&lt;!here&gt; &amp; &lt;b&gt;"}


async def test_a_clock_that_stepped_back_holds_up_no_attempt(desk: Desk) -> None:
    async with receiver(500, 200) as there:
        channel = await desk.channel(there.url)
        await desk.waiting(channel)
        desk.now += timedelta(days=3650)
        assert await desk.turn() == 1
        desk.now -= timedelta(days=3650)
        assert await desk.turn(60) == 0
        await desk.deliveries.tidy(desk.now)
        assert await desk.turn() == 1
        [delivery] = await desk.of(channel)
        assert delivery.state is DELIVERED
        # What waits as long as it may is left alone.
        await desk.waiting(channel)
        await desk.deliveries.tidy(desk.now - timedelta(seconds=DELAYS_S[-1]))
        assert await desk.turn() == 1
