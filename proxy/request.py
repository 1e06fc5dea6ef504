"""What a client asked, with its connection."""

import asyncio
import time

from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from proxy.front import Front
from proxy.headers import Lines, by_name
from proxy.routing import split_target


class Request:
    """aiohttp's protocol holds it in place of its own.

    *authority* and *target*: what is asked for, in whichever form it was asked.
    """

    __slots__ = (
        "_fields",
        "_task",
        "authority",
        "began",
        "body",
        "front",
        "host",
        "lines",
        "message",
        "peer",
        "taken",
        "target",
    )

    def __init__(
        self, message: RawRequestMessage, body: StreamReader, front: Front
    ) -> None:
        self.message = message
        self.body = body
        self.front = front
        self.taken = time.perf_counter()
        self.began = front.began or self.taken
        front.began = None
        front.has_sent = False
        self.lines: Lines = list(message.raw_headers)
        self._fields = by_name(self.lines)
        self.host = self.text(b"host") or ""
        self.authority, self.target = split_target(message.path, self.host)
        peer = front.peername
        self.peer = str(peer[0]) if isinstance(peer, tuple) else ""
        self._task: asyncio.Task[None] | None = None

    def values(self, name: bytes) -> list[bytes]:
        """All values of a field; *name* in lower case."""
        return self._fields.get(name, [])

    def text(self, name: bytes) -> str | None:
        """A field's values, joined (RFC 9110 5.3)."""
        found = self._fields.get(name)
        return b", ".join(found).decode("latin-1") if found else None

    def _cancel(self, error: BaseException) -> None:
        """The connection is lost, so the body will not come."""
        self.body.set_exception(error)

    def _finish(self) -> None:
        """aiohttp asks for it once the answer is there; nothing is held."""


def make_request(
    message: RawRequestMessage,
    body: StreamReader,
    front: Front,
    writer: object,
    task: object,
) -> Request:
    return Request(message, body, front)
