"""`apimonitor deadletter`: a letter is stored as a record is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg

from appliance.data.directory import DataDirectory
from monitor.record.codec import encode
from monitor.storage.ledger.dead_letters import DeadLetters
from monitor.traffic.ids import LogIds
from tests.support.commands import run
from tests.support.compressions import compressions
from tests.support.exchanges import an_exchange


async def test_the_tables_of_its_day_are_made_as_the_setting_says(
    tmp_path: Path, database_url: str
) -> None:
    service_id, at = uuid4(), datetime.now(UTC) - timedelta(days=5)
    exchange = an_exchange(service_id, id=LogIds().at(at))
    data = DataDirectory(tmp_path / "data")
    data.make()
    letters = DeadLetters(data.dead_letters)
    letters.append(exchange.id, service_id, "DataError", encode(exchange))
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            """
            INSERT INTO apimonitor.services (id, name, slug, created_at, updated_at)
            VALUES ($1, 'pay', 'pay', now(), now())
            """,
            service_id,
        )
        code, printed, said = await run(
            tmp_path,
            "deadletter",
            "retry",
            DATABASE_URL=database_url,
            APIMONITOR_BODY_COMPRESSION="pglz",
        )
        assert (code, said) == (0, ""), printed
        assert await compressions(connection) == {("x", "")}
    finally:
        await connection.close()
