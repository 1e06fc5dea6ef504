"""The command `apimonitor serve`, in a process of its own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from tests.support.clusters import seed
from tests.support.connections import answer_to
from tests.support.patience import PATIENCE_S
from tests.support.ports import free_port
from tests.support.programs import ended

COMMAND = str(Path(sys.executable).parent / "apimonitor")


class Served:
    """`apimonitor serve` in a process of its own, on the embedded PostgreSQL."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self._settings = settings
        self.port, self.proxy_port = free_port(), free_port()
        self.process: asyncio.subprocess.Process | None = None
        self.printed = ""
        # What it logged, of all its starts.
        self.said = directory.with_name(f"{directory.name}.log")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            # Of the build that is tested.
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "APIMONITOR_PORT": str(self.port),
            "APIMONITOR_PROXY_PORT": str(self.proxy_port),
            "APIMONITOR_DATA_DIR": str(self.directory),
            **{f"APIMONITOR_{name}": value for name, value in self._settings.items()},
        }

    async def start(self) -> None:
        self.printed = ""
        if self.process is not None:
            await ended(self.process)
        elif not {"DATABASE_URL", "PG_BIN"} & self._settings.keys():
            await asyncio.to_thread(seed, self.directory)
        with self.said.open("ab") as said:
            self.process = await asyncio.create_subprocess_exec(
                COMMAND,
                "serve",
                env=self.environment,
                cwd=self.directory.parent,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
            )
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while "limit=1" not in self.printed:
                line = await self.process.stdout.readline()
                assert line, self.printed
                self.printed += line.decode()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    async def call(self, path: str, body: Any = None) -> Any:
        return await asyncio.to_thread(self._call, path, body)

    def _call(self, path: str, body: Any) -> Any:
        request = Request(f"http://127.0.0.1:{self.port}{path}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())

    async def eventually_called(self, path: str) -> Any:
        """Once the app listens."""
        for _ in range(1_200):
            try:
                return await self.call(path)
            except ConnectionError:
                await asyncio.sleep(0.05)
            except URLError as error:
                if not isinstance(error.reason, ConnectionError):
                    raise
                await asyncio.sleep(0.05)
        pytest.fail("the app does not listen")

    async def through_proxy(self, path: str = "/pay/x") -> bytes:
        fields = b"Host: h\r\nConnection: close\r\n\r\n"
        request = f"GET {path} HTTP/1.1\r\n".encode() + fields
        return await answer_to(self.proxy_port, request)


@asynccontextmanager
async def served(directory: Path, **settings: str) -> AsyncIterator[Served]:
    made = Served(directory, **settings)
    try:
        await made.start()
        yield made
    finally:
        if made.process is not None:
            await ended(made.process)


async def refusal(directory: Path, **settings: str) -> tuple[int, str]:
    """The exit code and what is said of a start that is refused."""
    environment = {**Served(directory).environment, **settings}
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "serve",
        env=environment,
        cwd=directory.parent,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()
