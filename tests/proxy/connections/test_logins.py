"""Connections that are logged in belong to one client."""

import asyncio
import re

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.upstreams import Reader, Stage, Writer, proxied, upstream


class Office:
    """An upstream that logs connections in, as NTLM does: by what was said on them."""

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self.open = 0
        self.ended = asyncio.Event()

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        user = ""
        self.open += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                if found := re.search(rf"Authorization: {self._scheme} (\w+)", head):
                    user = found[1]
                status = "200 OK" if user else "401 No"
                offer = "" if user else f"WWW-Authenticate: {self._scheme}\r\n"
                writer.write(
                    f"HTTP/1.1 {status}\r\n{offer}Content-Length: {len(user)}\r\n\r\n"
                    f"{user}".encode()
                )
        finally:
            self.open -= 1
            self.ended.set()


class Client:
    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, *fields: str, method: str = "GET") -> tuple[int, str]:
        lines = [f"{method} / HTTP/1.1", "Host: shop.localhost", *fields, "", ""]
        self._writer.write("\r\n".join(lines).encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        found = re.search(r"Content-Length: (\d+)", head)
        assert found is not None
        body = await self._reader.readexactly(int(found[1]))
        return int(head.split()[1]), body.decode()

    def leave(self) -> None:
        self._writer.close()


async def client_of(stage: Stage) -> Client:
    return Client(*await stage.connect())


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
@pytest.mark.parametrize("is_asked_first", [True, False])
async def test_nobody_is_answered_as_somebody_else(
    scheme: str, is_asked_first: bool
) -> None:
    office = Office(scheme)
    async with upstream(office) as port, proxied(port) as stage:
        known = [await client_of(stage) for _ in range(3)]
        stranger = await client_of(stage)
        for number, client in enumerate(known):
            if is_asked_first:
                assert await client.ask() == (401, "")
            login = f"Authorization: {scheme} user{number}"
            assert await client.ask(login) == (200, f"user{number}")
            assert (await stranger.ask())[0] == 401
        for _ in range(3):
            for number, client in enumerate(known):
                for method in ("GET", "POST"):
                    found = await client.ask("Content-Length: 0", method=method)
                    assert found == (200, f"user{number}")
                assert (await stranger.ask())[0] == 401
        # Each has one of its own, which ends with the client's.
        assert office.open == 4
        office.ended.clear()
        known[0].leave()
        async with asyncio.timeout(PATIENCE_S):
            await office.ended.wait()
        for client in (*known[1:], stranger):
            client.leave()
        while office.open:
            await asyncio.sleep(0.01)
        assert stage.proxy.in_flight == 0


async def test_other_logins_share_connections() -> None:
    office = Office("Basic")
    async with upstream(office) as port, proxied(port) as stage:
        clients = [await client_of(stage) for _ in range(3)]
        for client in clients:
            await client.ask("Authorization: Basic bmVnb3RpYXRl")
        assert office.open == 1
        for client in clients:
            client.leave()
