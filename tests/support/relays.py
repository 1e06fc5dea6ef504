"""A relay between us and PostgreSQL that cuts the connection at a commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

COMMIT = b"COMMIT;"


class Relay:
    """Passes bytes until *cut* is set; then the next COMMIT goes as *cut* says.

    `answered`: it is made, its answer is lost. `late`: the client loses the connection
    before PostgreSQL has it, which gets it a moment later. `lost`: it never arrives.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self.cut: str | None = None
        self.cuts = 0

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            theirs, ours = await asyncio.open_unix_connection(self._server)
        except BaseException:
            writer.close()
            raise
        back = asyncio.create_task(_pass(theirs, writer))
        try:
            while data := await reader.read(65536):
                if self.cut is not None and COMMIT in data:
                    how, self.cut = self.cut, None
                    self.cuts += 1
                    await self._break(how, data, back, theirs, ours, writer)
                    return
                ours.write(data)
        except ConnectionError:
            return
        finally:
            back.cancel()
            await asyncio.wait([back])
            ours.close()
            writer.close()

    async def _break(
        self,
        how: str,
        data: bytes,
        back: "asyncio.Task[None]",
        theirs: asyncio.StreamReader,
        ours: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
    ) -> None:
        back.cancel()
        await asyncio.wait([back])
        if how == "answered":
            ours.write(data)
            await theirs.read(65536)
        writer.transport.abort()
        if how == "late":
            # Long enough for us to have come back, and to have asked.
            await asyncio.sleep(1.0)
            ours.write(data)
            await theirs.read(65536)


@asynccontextmanager
async def relayed(dsn: str, directory: Path) -> AsyncIterator[tuple[str, Relay]]:
    """How to connect through a relay, to the embedded server of *dsn*."""
    host = parse_qs(urlsplit(dsn).query)["host"][0]
    relay = Relay(f"{host}/.s.PGSQL.5432")
    server = await asyncio.start_unix_server(relay.serve, f"{directory}/.s.PGSQL.5432")
    try:
        yield dsn.replace(urlsplit(dsn).query, f"host={directory}"), relay
    finally:
        server.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        return
    writer.close()
