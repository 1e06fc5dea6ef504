"""Control of workers: what main and they tell each other, and how."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from monitor.settings import Settings


class Word(StrEnum):
    """READY, APPENDED: the worker serves; it has something to record.

    ROUTES n: main has kept table n; the worker routes from table n, -1: from none yet.
    DRAIN: main wants the worker to take no more and end.
    LONG_TURN n: one of the worker's turns of its event loop was n ms long.
    OPEN n: main asks what is in flight, with a wish; the worker answers with that.
    """

    READY = "ready"
    APPENDED = "appended"
    ROUTES = "routes"
    DRAIN = "drain"
    LONG_TURN = "long_turn"
    OPEN = "open"


class Said(NamedTuple):
    word: Word
    number: int
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a worker is started with. *control*, *listening*: sockets it inherits."""

    settings: Settings
    via: str
    is_open: bool
    listening: tuple[int, ...]
    control: int = -1


class ControlChannel:
    """One side of the line between them: words, each with a number, in order.

    A line is a word, its number, and how many bytes of content follow it.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, connected: socket.socket) -> "ControlChannel":
        return cls(*await asyncio.open_connection(sock=connected))

    def tell(self, word: Word, number: int = 0, content: bytes = b"") -> None:
        """Where the other side is gone, it is told nothing."""
        # uvloop raises where a write before found that out.
        with suppress(RuntimeError):
            line = f"{word} {number} {len(content)}\n"
            self._writer.write(line.encode() + content)

    async def next(self) -> Said | None:
        """What the other side said; None where it is gone."""
        try:
            line = await self._reader.readuntil()
            word, number, size = line.decode().split()
            content = await self._reader.readexactly(int(size))
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
        return Said(Word(word), int(number), content)

    def close(self) -> None:
        self._writer.close()
