"""A switch is agreed by the upstream, then bytes pass both ways (RFC 9110 7.8)."""

import asyncio

from tests.fidelity import stage as stages
from tests.fidelity.rule import Kind, rule
from tests.fidelity.stage import OK, Stage, answer, answering, answers
from tests.fidelity.wire import Wire

KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
ASKED = (b"Connection: Upgrade", b"Upgrade: odd/1, other")
SWITCH = b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: odd/1\r\n\r\n"
BINARY = bytes(range(256)) * 40


async def _switched(stage: Stage, script: stages.Script, *early: bytes) -> Wire:
    stage.upstream.script = script
    wire = await stage.send(stage.request(b"/", *ASKED) + b"".join(early))
    assert (await answers(wire))[-1].status == 101
    return wire


async def bytes_pass_both_ways_after_a_switch(stage: Stage) -> None:
    async def echo(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await wire.send(SWITCH)
        for _ in range(3):
            await wire.send(await wire.exactly(len(BINARY)))

    wire = await _switched(stage, echo)
    for _ in range(3):
        await wire.send(BINARY)
        assert await wire.exactly(len(BINARY)) == BINARY


async def the_switch_names_the_protocol(stage: Stage) -> None:
    stage.upstream.script = answering(SWITCH)
    [found] = await answers(await stage.send(stage.request(b"/", *ASKED)))
    request = await stage.arrived()
    assert request.values(b"upgrade") == [b"odd/1, other"], request.fields
    assert found.values(b"upgrade") == [b"odd/1"]
    for message in (request, found):
        assert [v.lower() for v in message.values(b"connection")] == [b"upgrade"]


async def no_101_before_the_upstreams(stage: Stage) -> None:
    goes_on = asyncio.Event()

    async def slow(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await goes_on.wait()
        await wire.send(SWITCH)

    stage.upstream.script = slow
    wire = await stage.send(stage.request(b"/", *ASKED))
    assert await wire.quiet(0.2) == b""
    goes_on.set()
    assert (await answer(wire)).status == 101


async def bytes_that_come_with_the_101_pass(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await wire.send(SWITCH + BINARY)

    wire = await _switched(stage, script)
    assert await wire.exactly(len(BINARY)) == BINARY


async def bytes_that_come_with_the_request_pass(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await wire.send(SWITCH)
        await wire.send(await wire.exactly(4))

    wire = await _switched(stage, script, b"soon")
    assert await wire.exactly(4) == b"soon"


async def a_tunnel_may_be_closed_by_half(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await wire.send(SWITCH)
        await wire.send((await wire.rest()).upper())
        wire.end()

    wire = await _switched(stage, script)
    await wire.send(b"shout")
    wire.end()
    assert await wire.rest() == b"SHOUT"


async def a_refused_switch_passes_as_an_answer(stage: Stage) -> None:
    stage.upstream.script = answering(
        b"HTTP/1.1 403 No\r\nX-Why: so\r\nContent-Length: 2\r\n\r\nno"
    )
    found = await stage.ask(stage.request(b"/", *ASKED))
    assert (found.status, found.body) == (403, b"no")
    assert found.values(b"x-why") == [b"so"]


async def an_ignored_switch_leaves_the_connection_in_use(stage: Stage) -> None:
    stage.upstream.script = answering(OK)
    wire = await stage.send(stage.request(b"/", *ASKED))
    assert (await answer(wire)).body == b"ok"
    await wire.send(stage.request())
    assert (await answer(wire)).body == b"ok"


async def upgrade_required_passes(stage: Stage) -> None:
    stage.upstream.script = answering(
        b"HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\n"
        b"Upgrade: odd/1\r\nContent-Length: 0\r\n\r\n"
    )
    found = await stage.ask(stage.request())
    assert found.status == 426
    assert found.values(b"upgrade") == [b"odd/1"], found.fields


async def a_switch_that_nobody_asked_for_is_none(stage: Stage) -> None:
    stage.upstream.script = answering(SWITCH + b"bytes")
    found = await stage.ask(stage.request())
    assert found.status == 502, found.start


async def a_switch_of_an_http_1_0_client_is_ignored(stage: Stage) -> None:
    stage.upstream.script = answering(OK)
    await stage.ask(stage.request(b"/", *ASKED, version=b"1.0"))
    assert b"upgrade" not in (await stage.arrived()).names


async def upgrade_without_connection_stays_behind(stage: Stage) -> None:
    await stage.ask(stage.request(b"/", b"Upgrade: odd/1"))
    assert b"upgrade" not in (await stage.arrived()).names


async def an_offer_of_http_itself_goes_no_further(stage: Stage) -> None:
    """What followed would be requests that nobody between the two sees."""
    settings = b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"
    lines = [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", settings]
    assert (await stage.ask(stage.request(b"/", *lines))).status == 200
    request = await stage.arrived()
    assert {b"upgrade", b"http2-settings"}.isdisjoint(request.names), request.fields


async def a_websocket_handshake_keeps_its_extensions(stage: Stage) -> None:
    reply = SWITCH.replace(b"odd/1", b"websocket").replace(
        b"\r\n\r\n",
        b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    )
    # A compressed "Hello" of RFC 7692 7.2.3.1.
    frame = bytes.fromhex("c107f248cdc9c90700")

    async def script(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await wire.send(reply + frame)

    stage.upstream.script = script
    lines = [b"Connection: keep-alive, Upgrade", b"Upgrade: websocket", KEY, DEFLATE]
    wire = await stage.send(
        stage.request(b"/", *lines, b"Sec-WebSocket-Version: 13"),
    )
    found = await answer(wire)
    request = await stage.arrived()
    assert request.values(b"sec-websocket-extensions") == [DEFLATE.split(b": ")[1]]
    assert found.values(b"sec-websocket-extensions") == [b"permessage-deflate"]
    assert await wire.exactly(len(frame)) == frame


RULES = (
    rule(bytes_pass_both_ways_after_a_switch, "9110 7.8", Kind.MUST),
    rule(the_switch_names_the_protocol, "9110 7.8", Kind.MUST),
    rule(no_101_before_the_upstreams, "9110 7.8", Kind.MUST),
    rule(bytes_that_come_with_the_101_pass, "9110 7.8", Kind.MUST),
    rule(bytes_that_come_with_the_request_pass, "9110 7.8", Kind.WANTED),
    rule(a_tunnel_may_be_closed_by_half, "9110 7.8", Kind.WANTED),
    rule(a_refused_switch_passes_as_an_answer, "9110 7.8", Kind.MUST),
    rule(an_ignored_switch_leaves_the_connection_in_use, "9110 7.8", Kind.WANTED),
    rule(upgrade_required_passes, "9110 15.5.22", Kind.WANTED),
    rule(a_switch_that_nobody_asked_for_is_none, "9110 7.8", Kind.MUST),
    rule(a_switch_of_an_http_1_0_client_is_ignored, "9110 7.8", Kind.MUST),
    rule(upgrade_without_connection_stays_behind, "9110 7.8", Kind.WANTED),
    rule(an_offer_of_http_itself_goes_no_further, "9110 7.8", Kind.WANTED),
    rule(a_websocket_handshake_keeps_its_extensions, "7692 5.1", Kind.MUST),
)
