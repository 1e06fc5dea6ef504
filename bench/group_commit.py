"""The least that stores logs durably: a bare aiohttp handler, group commit by COPY.

It checks nothing, masks nothing and shows nothing: what is left is HTTP, JSON and the
commit. `python -m bench.group_commit PORT DSN` runs it.
"""

import asyncio
import sys
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvloop
from aiohttp import web

TABLE = """
CREATE TABLE IF NOT EXISTS logs (
  id uuid PRIMARY KEY, ts timestamptz NOT NULL DEFAULT now(), method text, url text,
  path text, status_code int, latency_ms float8, query_params text,
  request_headers text, request_body text, response_headers text, response_body text,
  source_ip text, tags text
)
"""
PLAIN = (
    *("method", "url", "path", "status_code", "latency_ms"),
    *("request_body", "response_body", "source_ip"),
)
AS_JSON = ("query_params", "request_headers", "response_headers", "tags")
COLUMNS = ("id", *PLAIN, *AS_JSON)
Row = tuple[Any, ...]


class Committer:
    """What comes while one batch is being committed is the next batch."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._rows: list[Row] = []
        self._has_rows = asyncio.Event()
        self._committed = asyncio.get_running_loop().create_future()

    async def store(self, row: Row) -> None:
        self._rows.append(row)
        self._has_rows.set()
        await asyncio.shield(self._committed)

    async def run(self) -> None:
        while True:
            await self._has_rows.wait()
            self._has_rows.clear()
            rows, self._rows = self._rows, []
            committed = self._committed
            self._committed = asyncio.get_running_loop().create_future()
            await self.copy(rows)
            committed.set_result(None)

    async def copy(self, rows: list[Row]) -> None:
        await self._connection.copy_records_to_table(
            "logs", records=rows, columns=COLUMNS
        )


def row_of(id: UUID, log: dict[str, Any]) -> Row:
    coded = (orjson.dumps(log.get(name)).decode() for name in AS_JSON)
    return (id, *(log.get(name) for name in PLAIN), *coded)


async def serve(port: int, dsn: str) -> None:
    single, batch = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    await single.execute(TABLE)
    one_by_one, whole = Committer(single), Committer(batch)

    async def push(request: web.Request) -> web.Response:
        id, log = uuid4(), orjson.loads(await request.read())
        await one_by_one.store(row_of(id, log))
        return _answer({"id": id, **log})

    async def push_batch(request: web.Request) -> web.Response:
        logs = [orjson.loads(line) for line in (await request.read()).splitlines()]
        await whole.copy([row_of(uuid4(), log) for log in logs])
        return _answer({"accepted": len(logs)})

    async def is_there(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application(client_max_size=1 << 30)
    app.router.add_post("/v1/logs", push)
    app.router.add_post("/v1/logs/batch", push_batch)
    app.router.add_get("/", is_there)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await one_by_one.run()


def _answer(content: dict[str, Any]) -> web.Response:
    body = orjson.dumps(content)
    return web.Response(status=201, body=body, content_type="application/json")


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
