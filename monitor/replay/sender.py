"""The sender of replays: by httpx, through the proxy like any other request."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import orjson

from monitor.errors import TooManyRequests, Unavailable
from monitor.network.sockets import RESET
from monitor.registry.table import Service
from monitor.replay.outgoing import Outgoing
from monitor.replay.ticket import HEADER, Ticket, Tickets
from monitor.traffic.exchange import Body
from monitor.traffic.fields import Fields
from monitor.traffic.header_names import OURS

CONNECT_TIMEOUT_S = 5.0
SERVICE = b"X-Monitor-Service"
ERROR = "X-Monitor-Error"
# As much as a problem of the proxy can be long.
PROBLEM_BYTES = 64 * 1024
NOTHING = httpx.ByteStream(b"")


@dataclass(slots=True, kw_only=True)
class Sent:
    """What came back. *error* is set where the upstream did not answer, or not whole.

    *log_id* is that of the replay, where the proxy took it for one.
    """

    log_id: UUID | None = None
    status_code: int | None = None
    headers: Fields = ()
    body: Body | None = None
    latency_ms: float | None = None
    error: str | None = None


class Sender:
    """Sends what is to be replayed; *limit* at once, *timeout_s* each in all."""

    def __init__(
        self, proxy_url: str, *, tickets: Tickets, timeout_s: float, limit: int
    ) -> None:
        self._url = proxy_url
        self._tickets = tickets
        self._timeout_s = timeout_s
        self._limit = limit
        self._count = 0
        # Nothing of the environment: no proxy, no netrc, and the proxy speaks no TLS.
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
            transport=httpx.AsyncHTTPTransport(
                verify=False,
                trust_env=False,
                limits=httpx.Limits(max_keepalive_connections=0),
                # An end alone leaves it open whether we still read: the proxy would
                # wait on for the upstream of a replay that was given up.
                socket_options=[RESET],
            ),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def send(
        self, out: Outgoing, service: Service, *, replay_of: UUID, body_limit: int
    ) -> Sent:
        """Raises TooManyRequests, Unavailable where DATA_DIR takes no ticket.

        Whatever else goes wrong is in what is returned.
        """
        with self._one_more(), self._ticket(replay_of) as ticket:
            lines = [
                *out.headers,
                (SERVICE, service.slug.encode()),
                (HEADER.encode(), ticket.token.encode()),
            ]
            sent = Sent()
            began = time.perf_counter()
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._exchange(out, lines, sent, body_limit)
            except TimeoutError:
                sent.error = f"replay_timeout: it took over {self._timeout_s:g} s"
            except httpx.HTTPError as error:
                sent.error = f"upstream_reset: {_words(error)}"
            sent.latency_ms = (time.perf_counter() - began) * 1000
            sent.log_id = ticket.log_id
        return sent

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        if self._count >= self._limit:
            raise TooManyRequests("REPLAY_LIMIT replays are under way", retry_after_s=1)
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1

    @contextmanager
    def _ticket(self, replay_of: UUID) -> Iterator[Ticket]:
        with ExitStack() as stack:
            try:
                ticket = stack.enter_context(self._tickets.issued(replay_of))
            except OSError:
                raise Unavailable("DATA_DIR takes no file for the replay") from None
            yield ticket

    async def _exchange(
        self, out: Outgoing, lines: list[tuple[bytes, bytes]], sent: Sent, limit: int
    ) -> None:
        request = httpx.Request(
            out.method,
            self._url,
            headers=lines,
            content=out.body or None,
            extensions={"target": out.target},
        )
        answer = await self._client.send(request, stream=True)
        try:
            refused = answer.headers.get(ERROR)
            if refused is not None:
                sent.error = await _refusal(answer, refused)
                return
            sent.status_code = answer.status_code
            sent.headers = _fields(answer)
            await _read(answer, sent, limit)
        finally:
            await answer.aclose()
            # httpx has it hold the answer, and the connection with all that is its.
            answer.stream = NOTHING


async def _read(answer: httpx.Response, sent: Sent, limit: int) -> None:
    """The first *limit* bytes are captured, as they passed; all are counted."""
    captured, size = bytearray(), 0
    try:
        async for piece in answer.aiter_raw():
            size += len(piece)
            captured += piece[: limit - len(captured)]
    finally:
        # Of one that broke off, too.
        if size:
            sent.body = Body(kept=bytes(captured), size=size)


async def _refusal(answer: httpx.Response, code: str) -> str:
    """What the proxy itself says of a request that the upstream did not answer."""
    found = Sent()
    await _read(answer, found, PROBLEM_BYTES)
    try:
        content: Any = orjson.loads(found.body.kept if found.body else b"{}")
        detail = str(content["detail"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        detail = "the proxy refused it"
    return f"{code}: {detail}"


def _fields(answer: httpx.Response) -> Fields:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in answer.headers.raw
        if not name.lower().startswith(OURS.encode())
    )


def _words(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
