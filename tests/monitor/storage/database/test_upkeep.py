"""What PostgreSQL refuses to the upkeep, it refuses to the upkeep alone."""

import asyncio
import logging

import asyncpg
import pytest

from appliance.background import tasks
from monitor.lifecycle import Lifecycle
from monitor.storage.database.pool import Database
from monitor.storage.logs.feed import Feed
from tests.support.patience import PATIENCE_S

REFUSING = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01';
    END $$;
    CREATE TRIGGER refuse BEFORE DELETE ON apimonitor.idempotency_keys
        FOR EACH STATEMENT EXECUTE FUNCTION refuse();
"""


async def test_a_deadlock_of_the_upkeep_ends_nothing(
    database_url: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "FORGETTING_POLL_S", 0.05)
    caplog.set_level(logging.INFO)
    connection = await asyncpg.connect(database_url)
    await connection.execute(REFUSING)
    await connection.close()
    database = await Database.open(database_url, size=3)
    feed = Feed(database, retained=100)
    task = asyncio.create_task(
        tasks.forget_old(database, feed, Lifecycle(is_ready=True))
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            while "upkeep failed" not in caplog.text:
                await asyncio.sleep(0.02)
        assert not task.done()
        await asyncio.sleep(0.5)
        (record,) = [r for r in caplog.records if "upkeep" in r.message]
        assert vars(record)["reason"] == "DeadlockDetectedError"
        assert vars(record)["work"] == "forget_old"
        connection = await asyncpg.connect(database_url)
        await connection.execute("DROP TRIGGER refuse ON apimonitor.idempotency_keys")
        await connection.close()
        async with asyncio.timeout(PATIENCE_S):
            while "upkeep works again" not in caplog.text:
                await asyncio.sleep(0.02)
        assert caplog.text.count("upkeep failed") == 1
    finally:
        task.cancel()
        await asyncio.wait([task])
        await database.close()
