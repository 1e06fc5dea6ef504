"""Control of workers: what main and they tell each other, and how."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from monitor.settings import Settings


class Word(StrEnum):
    """READY, APPENDED: the worker serves; it has something to record.

    ROUTES n: main has kept table n; the worker routes from table n, -1: from none yet.
    DRAIN: main wants the worker to take no more and end.
    LONG_TURN n: one of the worker's turns of its event loop was n ms long.
    """

    READY = "ready"
    APPENDED = "appended"
    ROUTES = "routes"
    DRAIN = "drain"
    LONG_TURN = "long_turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a worker is started with. *control*, *listening*: sockets it inherits."""

    settings: Settings
    via: str
    is_open: bool
    listening: tuple[int, ...]
    control: int = -1


class ControlChannel:
    """One side of the line between them: a word and a number a line, in order."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, connected: socket.socket) -> "ControlChannel":
        return cls(*await asyncio.open_connection(sock=connected))

    def tell(self, word: Word, number: int = 0) -> None:
        """Where the other side is gone, it is told nothing."""
        # uvloop raises where a write before found that out.
        with suppress(RuntimeError):
            self._writer.write(f"{word} {number}\n".encode())

    async def next(self) -> tuple[Word, int] | None:
        """What the other side said; None where it is gone."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        if not line.endswith(b"\n"):
            return None
        word, _, number = line.decode().partition(" ")
        return Word(word), int(number)

    def close(self) -> None:
        self._writer.close()
