"""Rows of logs as former versions stored them."""

from monitor.storage.database.pool import Database
from monitor.storage.search.places import CLIENT_URL, PARAMETERS, URL


async def store_as_before(database: Database, *, every: int = 1) -> None:
    """One log of *every* has its URL whole, and its parameters beside."""
    async with database.connection() as connection:
        await connection.execute(
            f"""
            UPDATE logs AS l
               SET url = {URL},
                   client_url = {CLIENT_URL},
                   query_params = {PARAMETERS}::text,
                   endpoint = coalesce(endpoint, path),
                   origin = NULL,
                   client_origin = NULL,
                   query = NULL
             WHERE get_byte(uuid_send(id), 15) % $1 = 0
            """,
            every,
        )
