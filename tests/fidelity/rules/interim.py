"""Interim answers, expectations and old versions (RFC 9110 10.1.1, 15.2, 2.5)."""

import asyncio

from tests.fidelity import stage as stages
from tests.fidelity.rule import Kind, rule
from tests.fidelity.stage import OK, Stage, answer, answering, answers
from tests.fidelity.wire import Wire

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
EXPECT = (b"Expect: 100-continue", b"Content-Length: 5")


async def early_hints_pass(stage: Stage) -> None:
    stage.upstream.script = answering(HINTS + OK)
    first, final = await answers(await stage.send(stage.request()))
    assert (first.status, final.status) == (103, 200)
    assert first.values(b"link") == [b"</a.css>; rel=preload"]


async def early_hints_pass_at_once(stage: Stage) -> None:
    goes_on = asyncio.Event()

    async def script(wire: Wire) -> None:
        await stages.request(wire)
        await wire.send(HINTS)
        await goes_on.wait()
        await wire.send(OK)

    stage.upstream.script = script
    wire = await stage.send(stage.request())
    assert (await answer(wire)).status == 103
    goes_on.set()
    assert (await answer(wire)).status == 200


async def every_interim_answer_passes(stage: Stage) -> None:
    others = [b"HTTP/1.1 %d X\r\nX-A: 1\r\n\r\n" % status for status in (102, 110, 199)]
    stage.upstream.script = answering(b"".join([HINTS, *others, HINTS, OK]))
    found = await answers(await stage.send(stage.request()))
    assert [message.status for message in found] == [103, 102, 110, 199, 103, 200]


async def interim_answers_before_other_finals(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        while request := await stages.request(wire):
            await wire.send(HINTS + b"HTTP/1.1 %b X\r\n\r\n" % request.target[1:])

    stage.upstream.script = script
    for status in (204, 304):
        wire = await stage.send(stage.request(b"/%d" % status))
        assert [found.status for found in await answers(wire)] == [103, status]


async def no_interim_answer_goes_to_an_http_1_0_client(stage: Stage) -> None:
    stage.upstream.script = answering(HINTS + OK)
    [final] = await answers(await stage.send(stage.request(version=b"1.0")))
    assert final.status == 200


async def the_upstreams_100_lets_the_client_go_on(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        head = await wire.until(b"\r\n\r\n")
        if b"100-continue" in head.lower():
            await wire.send(CONTINUE)
        assert await wire.exactly(5) == b"hello"
        await wire.send(OK)

    stage.upstream.script = script
    wire = await stage.send(stage.request(b"/", *EXPECT, method=b"POST"))
    assert (await answer(wire)).status == 100
    await wire.send(b"hello")
    assert (await answer(wire)).status == 200
    assert (await stage.arrived()).body == b"hello"


async def an_expectation_never_hangs(stage: Stage) -> None:
    wire = await stage.send(stage.request(b"/", *EXPECT, method=b"POST"))
    assert (await answer(wire)).status == 100
    await wire.send(b"hello")
    assert (await answer(wire)).status == 200


async def an_impatient_client_need_not_wait_for_100(stage: Stage) -> None:
    raw = stage.request(b"/", *EXPECT, method=b"POST", body=b"hello")
    assert (await stage.ask(raw)).status == 200
    assert (await stage.arrived()).body == b"hello"


async def a_final_answer_in_place_of_100(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await wire.send(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        wire.end()

    stage.upstream.script = script
    wire = await stage.send(stage.request(b"/", *EXPECT, method=b"POST"))
    found = [message.status for message in await answers(wire)]
    assert found == [413], f"{found} came"


async def nothing_after_a_final_answer_is_taken_for_a_request(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await wire.send(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")

    stage.upstream.script = script
    hidden = stage.request(b"/hidden")
    lines = [EXPECT[0], b"Content-Length: %d" % len(hidden)]
    wire = await stage.send(stage.request(b"/", *lines, method=b"POST"))
    await answers(wire)
    await wire.send(hidden)
    await wire.quiet(stages.SETTLE_S)
    for upstream in stage.upstream.wires:
        assert not upstream.received.startswith(b"GET /hidden")


async def no_100_goes_to_an_http_1_0_client(stage: Stage) -> None:
    raw = stage.request(b"/", *EXPECT, method=b"POST", version=b"1.0")
    wire = await stage.send(raw)
    await wire.quiet(stages.SETTLE_S)
    await wire.send(b"hello")
    [final] = await answers(wire)
    assert final.status == 200


async def an_http_1_0_client_gets_no_chunks(stage: Stage) -> None:
    stage.upstream.script = answering(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    )
    answer = await stage.ask(stage.request(version=b"1.0"))
    assert answer.body == b"ok"
    assert answer.values(b"transfer-encoding") == []


async def an_http_1_0_client_may_keep_its_connection(stage: Stage) -> None:
    raw = stage.request(b"/", b"Connection: keep-alive", version=b"1.0")
    wire = await stage.connect()
    for _ in range(2):
        await wire.send(raw)
        found = await answer(wire)
        assert found.values(b"connection") == [b"keep-alive"], found.fields
        assert found.body == b"ok"


async def an_http_1_0_client_that_says_nothing_is_closed(stage: Stage) -> None:
    wire = await stage.send(stage.request(version=b"1.0"))
    assert (await answer(wire)).body == b"ok"
    assert await wire.rest() == b""


async def messages_carry_the_proxys_own_version(stage: Stage) -> None:
    stage.upstream.script = answering(OK.replace(b"1.1", b"1.0"), closes=True)
    found = await stage.ask(stage.request())
    assert found.start.startswith(b"HTTP/1.1 "), found.start
    assert (await stage.arrived()).start.endswith(b"HTTP/1.1")


async def an_http_1_0_upstream_with_a_length(stage: Stage) -> None:
    stage.upstream.script = answering(OK.replace(b"1.1", b"1.0"), closes=True)
    assert (await stage.ask(stage.request())).body == b"ok"


async def an_http_1_0_upstream_that_ends_with_its_connection(stage: Stage) -> None:
    stage.upstream.script = answering(b"HTTP/1.0 200 OK\r\n\r\nhello", closes=True)
    assert (await stage.ask(stage.request())).body == b"hello"


RULES = (
    rule(early_hints_pass, "9110 15.2", Kind.MUST),
    rule(early_hints_pass_at_once, "9110 15.2", Kind.WANTED),
    rule(every_interim_answer_passes, "9110 15.2", Kind.MUST),
    rule(interim_answers_before_other_finals, "9110 15.2", Kind.MUST),
    rule(no_interim_answer_goes_to_an_http_1_0_client, "9110 15.2", Kind.MUST),
    rule(the_upstreams_100_lets_the_client_go_on, "9110 10.1.1", Kind.MUST),
    rule(an_expectation_never_hangs, "9110 10.1.1", Kind.WANTED),
    rule(an_impatient_client_need_not_wait_for_100, "9110 10.1.1", Kind.MUST),
    rule(a_final_answer_in_place_of_100, "9110 10.1.1", Kind.WANTED),
    rule(
        nothing_after_a_final_answer_is_taken_for_a_request,
        "9110 10.1.1",
        Kind.MALFORMED,
    ),
    rule(no_100_goes_to_an_http_1_0_client, "9110 10.1.1", Kind.MUST),
    rule(an_http_1_0_client_gets_no_chunks, "9112 6.1", Kind.MUST),
    rule(an_http_1_0_client_may_keep_its_connection, "9112 9.3", Kind.WANTED),
    rule(an_http_1_0_client_that_says_nothing_is_closed, "9112 9.3", Kind.MUST),
    rule(messages_carry_the_proxys_own_version, "9110 2.5", Kind.MUST),
    rule(an_http_1_0_upstream_with_a_length, "9112 6.2", Kind.MUST),
    rule(an_http_1_0_upstream_that_ends_with_its_connection, "9112 6.3", Kind.MUST),
)
