"""Made-up bytes on either side: no crash, no hang, and nobody gets another's answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fidelity import stage as stages
from tests.fidelity import strict
from tests.fidelity.proxies import ours
from tests.fidelity.stage import OK, Stage, answers
from tests.fidelity.strict import Incomplete, Message
from tests.fidelity.wire import Wire

EXAMPLES = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LIMIT_S = 6.0
# What tells one reader's framing from another's.
ODD = [
    *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\x00", b" ", b"\t", b":", b",", b";"),
    *(b"0", b"1", b"f", b"\x0b", b"\x80", b"\xff", b"0\r\n\r\n", b"Host: x\r\n"),
    *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"HTTP/1.1"),
    *(b"Connection: close\r\n", b"GET /x HTTP/1.1\r\nHost: shop.localhost\r\n\r\n"),
]
REQUESTS = [
    b"GET /%d?a=b HTTP/1.1\r\nHost: shop.localhost\r\n\r\n",
    b"HEAD /%d HTTP/1.1\r\nHost: shop.localhost\r\nX-A: 1\r\nx-a: 2\r\n\r\n",
    b"POST /%d HTTP/1.1\r\nHost: shop.localhost\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /%d HTTP/1.1\r\nHost: shop.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-T: 1\r\n\r\n",
    b"OPTIONS http://shop.localhost/%d HTTP/1.1\r\nHost: other\r\n\r\n",
    b"BREW /%d HTTP/1.1\r\nHost: shop.localhost\r\nExpect: 100-continue\r\n"
    b"Content-Length: 2\r\n\r\nhi",
]
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n0\r\nX: 1\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404 No\r\n"
    b"Content-Length: 2\r\n\r\nno",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
]

Ask = Callable[[Callable[[Stage], Awaitable[None]]], None]


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """*content* with up to three spans of it replaced."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        size = draw(st.sampled_from([0, 0, 1, 1, 2, 7, 30]))
        put = draw(st.one_of(st.sampled_from(ODD), st.binary(max_size=3)))
        content = content[:start] + put + content[start + size :]
    return content


@st.composite
def pieces(draw: st.DrawFn, content: bytes) -> list[bytes]:
    """*content*, cut at up to four places."""
    cuts = draw(st.lists(st.integers(0, len(content)), max_size=4))
    edges = [0, *sorted(cuts), len(content)]
    return [content[a:b] for a, b in pairwise(edges)]


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[bytes], list[bytes]]:
    """Valid requests, and the same bytes in pieces."""
    forms = draw(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=4))
    valid = [form % number for number, form in enumerate(forms)]
    return valid, draw(pieces(b"".join(valid)))


@st.composite
def broken_conversations(draw: st.DrawFn) -> list[bytes]:
    valid, _ = draw(conversations())
    return draw(pieces(draw(mutated(b"".join(valid)))))


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Runs one example after another on one loop, before one proxy."""
    failures: list[dict[str, object]] = []
    # The loop that the appliance runs on.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        standing = ours()
        stage = runner.run(standing.__aenter__())
        runner.get_loop().set_exception_handler(lambda _, seen: failures.append(seen))

        async def bounded(example: Callable[[Stage], Awaitable[None]]) -> None:
            try:
                async with asyncio.timeout(LIMIT_S):
                    await example(stage)
            finally:
                await stage.clear()

        yield lambda example: runner.run(bounded(example))
        runner.run(standing.__aexit__(None, None, None))
    assert not failures, failures


async def _echo(wire: Wire) -> None:
    """Answers with the target, so that answers can be told apart."""
    while request := await stages.request(wire):
        size = len(request.target)
        content = b"" if request.method == b"HEAD" else request.target
        await wire.send(
            b"HTTP/1.1 200 OK\r\nX-Target: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (request.target, size, content)
        )


async def _send(stage: Stage, parts: list[bytes]) -> Wire:
    wire = await stage.connect()
    for part in parts:
        await wire.send(part)
        await asyncio.sleep(0)
    return wire


def test_valid_requests_cut_anywhere_each_get_their_own_answer(ask: Ask) -> None:
    @EXAMPLES
    @given(conversations())
    def run(conversation: tuple[list[bytes], list[bytes]]) -> None:
        valid, parts = conversation

        async def example(stage: Stage) -> None:
            stage.upstream.script = _echo
            wire = await _send(stage, parts)
            for number, raw in enumerate(valid):
                method = raw.split(b" ")[0]
                found = (await answers(wire, method=method))[-1]
                assert found.status == 200
                [target] = found.values(b"x-target")
                assert target.partition(b"?")[0] == b"/%d" % number
            await _is_well(stage)

        ask(example)

    run()


def test_broken_requests_never_desynchronize(ask: Ask) -> None:
    @EXAMPLES
    @given(broken_conversations())
    def run(parts: list[bytes]) -> None:
        async def example(stage: Stage) -> None:
            stage.upstream.script = _echo
            wire = await _send(stage, parts)
            wire.end()
            await wire.rest()
            # Raises Malformed where anything malformed arrived.
            arrived = stage.upstream.requests()
            _check_answers(bytes(wire.received), arrived, is_over=not wire.was_reset)
            await _is_well(stage)

        ask(example)

    run()


def test_broken_answers_reach_no_client_as_such(ask: Ask) -> None:
    @EXAMPLES
    @given(st.sampled_from(ANSWERS).flatmap(mutated).flatmap(pieces))
    def run(parts: list[bytes]) -> None:
        async def example(stage: Stage) -> None:
            async def script(wire: Wire) -> None:
                if await stages.request(wire):
                    for part in parts:
                        await wire.send(part)
                        await asyncio.sleep(0)
                    wire.end()

            stage.upstream.script = script
            wire = await stage.connect()
            await wire.send(stage.request())
            # Malformed fails; a broken connection is what a client can tell.
            with suppress(Incomplete):
                await answers(wire)
                assert not await wire.quiet(0.001)
            await stage.clear()
            await _is_well(stage)

        ask(example)

    run()


async def _is_well(stage: Stage) -> None:
    """The proxy serves the next one."""
    await stage.clear()
    stage.upstream.script = stages.answering(OK)
    assert (await stage.ask(stage.request())).body == b"ok"


def _check_answers(raw: bytes, arrived: list[Message], *, is_over: bool) -> None:
    """Each answer is that of the request it stands for, and a refusal is the last."""
    owed = list(arrived)
    is_refused = False
    with suppress(Incomplete):
        while raw:
            assert not is_refused, f"{raw!r} came after a refusal"
            head = strict.read_response(raw, method=b"HEAD", is_over=is_over)
            method = owed[0].method if owed else b"GET"
            if is_ours := b"x-monitor-error" in head.names:
                # A HEAD that never arrived may have been refused.
                has_body = raw[head.size :].startswith(b"{")
                method = b"GET" if has_body else b"HEAD"
            found = strict.read_response(raw, method=method, is_over=is_over)
            raw = raw[found.size :]
            if found.status >= 200 and not is_ours:
                assert found.values(b"x-target") == [owed.pop(0).target]
            assert found.status != 500
            is_refused = is_ours and found.status in (400, 405, 408, 431)
