"""Who is slow is given up in time, and holds nobody else."""

import asyncio

from tests.fidelity import stage as stages
from tests.fidelity.rule import Kind, rule
from tests.fidelity.stage import Stage
from tests.fidelity.wire import Wire


async def a_slow_head_is_given_up(stage: Stage) -> None:
    wire = await stage.send(stage.request()[:-4])
    await _drips_until_the_end(stage, wire, b"\r\nX-A: 1")


async def a_body_that_stands_still_is_given_up(stage: Stage) -> None:
    wire = await stage.send(
        stage.request(b"/", b"Content-Length: 100", method=b"POST", body=b"some"),
    )
    await _drips_until_the_end(stage, wire, b"")


async def a_chunk_line_that_stands_still_is_given_up(stage: Stage) -> None:
    wire = await stage.send(
        stage.request(b"/", b"Transfer-Encoding: chunked", method=b"POST", body=b"5;"),
    )
    await _drips_until_the_end(stage, wire, b"")


async def a_silent_connection_is_given_up(stage: Stage) -> None:
    await _drips_until_the_end(stage, await stage.connect(), b"")


async def fifty_slow_clients_hold_nobody(stage: Stage) -> None:
    for _ in range(50):
        await stage.send(stage.request()[:-2])
    await asyncio.sleep(stages.SETTLE_S)
    for _ in range(3):
        assert (await stage.ask(stage.request())).body == b"ok"


async def a_client_that_reads_slowly_holds_nobody(stage: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n"

    async def script(wire: Wire) -> None:
        while request := await stages.request(wire):
            is_big = request.target == b"/big"
            await wire.send(head + b"x" * 50_000_000 if is_big else stages.OK)

    stage.upstream.script = script
    slow = await stage.send(stage.request(b"/big"))
    assert await slow.until(b"\r\n\r\n")
    for _ in range(3):
        assert (await stage.ask(stage.request())).body == b"ok"


async def _drips_until_the_end(stage: Stage, wire: Wire, drop: bytes) -> None:
    """The proxy says so, or ends the connection, though something comes at times."""
    async with asyncio.timeout(stage.patience_s):
        while not (wire.has_ended or wire.untaken.startswith(b"HTTP/1.1 408 ")):
            await wire.send(drop)
            await wire.quiet(0.2)


RULES = (
    rule(a_slow_head_is_given_up, "9110 15.5.9", Kind.WANTED),
    rule(a_body_that_stands_still_is_given_up, "9110 15.5.9", Kind.WANTED),
    rule(a_chunk_line_that_stands_still_is_given_up, "9110 15.5.9", Kind.WANTED),
    rule(a_silent_connection_is_given_up, "9112 9.5", Kind.WANTED),
    rule(fifty_slow_clients_hold_nobody, "9110 15.5.9", Kind.WANTED),
    rule(a_client_that_reads_slowly_holds_nobody, "9112 9.3", Kind.WANTED),
)
