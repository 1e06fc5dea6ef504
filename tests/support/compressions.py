"""Compressions: how the days' tables of bodies were made to compress what comes."""

import asyncpg


async def compressions(connection: asyncpg.Connection) -> set[tuple[str, str]]:
    """Storage and compression of their columns, as pg_attribute has them."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT a.attstorage, a.attcompression
          FROM pg_inherits AS i
          JOIN pg_attribute AS a ON a.attrelid = i.inhrelid
          JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'apimonitor.log_bodies'::regclass
           AND c.relname ~ '_[0-9]{8}$'
           AND a.attname IN ('request_body', 'response_body')
        """
    )
    return {(row[0].decode(), row[1].decode().strip("\0")) for row in rows}
