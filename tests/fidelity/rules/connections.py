"""What a connection carries and how it ends, on either side."""

import asyncio
import contextlib

from tests.fidelity import stage as stages
from tests.fidelity.rule import Kind, PassedOn, rule
from tests.fidelity.stage import OK, Stage, answer, answering
from tests.fidelity.strict import Incomplete
from tests.fidelity.wire import Wire


async def _echo(wire: Wire) -> None:
    """Answers with the target it was asked for."""
    while request := await stages.request(wire):
        target = request.target
        await wire.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target)
        )


async def pipelined_requests_are_answered_in_order(stage: Stage) -> None:
    stage.upstream.script = _echo
    targets = [b"/%d" % number for number in range(20)]
    wire = await stage.send(b"".join(map(stage.request, targets)))
    assert [(await answer(wire)).body for _ in targets] == targets


async def requests_cut_at_any_byte_are_the_same(stage: Stage) -> None:
    stage.upstream.script = _echo
    wire = await stage.connect()
    for byte in stage.request(b"/a") + stage.request(b"/b"):
        await wire.send(bytes([byte]))
        await asyncio.sleep(0)
    assert [(await answer(wire)).body for _ in range(2)] == [b"/a", b"/b"]


async def a_body_that_looks_like_a_request_is_none(stage: Stage) -> None:
    stage.upstream.script = _echo
    hidden = stage.request(b"/hidden")
    lines = [b"Content-Length: %d" % len(hidden)]
    wire = await stage.send(
        stage.request(b"/1", *lines, method=b"POST", body=hidden)
        + stage.request(b"/2"),
    )
    assert [(await answer(wire)).body for _ in range(2)] == [b"/1", b"/2"]
    assert await wire.quiet(stages.SETTLE_S) == b""


async def the_same_head_means_what_each_request_makes_of_it(stage: Stage) -> None:
    """A HEAD's, a GET's and an upload's, one after the other on one connection."""
    stage.upstream.script = answering(OK)
    wire = await stage.connect()
    for method in (b"GET", b"HEAD", b"GET", b"HEAD", b"OPTIONS", b"GET"):
        await wire.send(stage.request(b"/x", method=method))
        found = await answer(wire, method=method)
        assert found.body == (b"" if method == b"HEAD" else b"ok")
    assert await wire.quiet(stages.SETTLE_S) == b""
    methods = [request.method for request in stage.upstream.requests()]
    assert sorted(methods) == sorted(
        [b"GET", b"HEAD", b"GET", b"HEAD", b"OPTIONS", b"GET"]
    )


async def the_same_fields_mean_what_each_version_makes_of_them(stage: Stage) -> None:
    stage.upstream.script = answering(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    )
    for version in (b"1.1", b"1.0", b"1.1", b"1.0"):
        found = await stage.ask(stage.request(version=version))
        assert (found.chunks is None) is (version == b"1.0")
        assert found.body == b"ok"


async def the_same_fields_go_where_each_target_says(stage: Stage) -> None:
    stage.upstream.script = _echo
    wire = await stage.connect()
    for target in (b"/a", b"http://" + stage.host + b"/b", b"/c"):
        await wire.send(stage.request(target))
        assert (await answer(wire)).body == b"/" + target[-1:]


async def empty_lines_before_a_request_are_ignored(stage: Stage) -> None:
    wire = await stage.send(b"\r\n" + stage.request(b"/a"))
    assert (await answer(wire)).status == 200
    await wire.send(b"\r\n" + stage.request(b"/b"))
    assert (await answer(wire)).status == 200


async def close_is_honoured(stage: Stage) -> None:
    wire = await stage.send(stage.request(b"/", b"Connection: close"))
    found = await answer(wire)
    assert b"close" in found.values(b"connection")
    assert await wire.rest() == b""


async def a_half_closed_client_gets_its_answer(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        await stages.request(wire)
        await asyncio.sleep(0.1)
        await wire.send(OK)

    stage.upstream.script = script
    wire = await stage.send(stage.request())
    wire.end()
    assert (await answer(wire)).body == b"ok"


async def a_half_closed_client_gets_a_streamed_answer(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        await stages.request(wire)
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for piece in (b"one", b"two"):
            await asyncio.sleep(0.05)
            await wire.send(piece)

    stage.upstream.script = script
    lines = [b"Content-Length: 5"]
    wire = await stage.send(
        stage.request(b"/", *lines, method=b"POST", body=b"hello"),
    )
    wire.end()
    assert (await answer(wire)).body == b"onetwo"


async def an_upload_that_is_cut_is_no_whole_request(stage: Stage) -> None:
    for lines, body in (
        ([b"Content-Length: 10"], b"short"),
        ([b"Transfer-Encoding: chunked"], b"5\r\nshort\r\n"),
        ([b"Transfer-Encoding: chunked"], b"5\r\nsho"),
    ):
        wire = await stage.send(
            stage.request(b"/", *lines, method=b"POST", body=body),
        )
        await asyncio.sleep(stages.SETTLE_S)
        wire.end()
        await asyncio.sleep(stages.SETTLE_S)
        wire.close()
        await asyncio.sleep(stages.SETTLE_S)
    if whole := stage.upstream.requests():
        raise PassedOn(f"{whole[0].start!r} with {whole[0].body!r}")


async def an_upstream_that_closes_without_an_answer(stage: Stage) -> None:
    await _fails(stage, b"")


async def an_upstream_that_resets_without_an_answer(stage: Stage) -> None:
    await _fails(stage, b"", resets=True)


async def an_upstream_that_breaks_within_its_head(stage: Stage) -> None:
    await _fails(stage, b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-")


async def too_little_of_a_body_with_a_length(stage: Stage) -> None:
    await _breaks(stage, b"Content-Length: 10\r\n\r\nhello", resets=False)


async def too_little_of_a_chunked_body(stage: Stage) -> None:
    chunked = b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    await _breaks(stage, chunked, resets=False)
    await _breaks(stage, chunked[:-4], resets=False)


async def a_reset_within_a_body_with_a_length(stage: Stage) -> None:
    await _breaks(stage, b"Content-Length: 10\r\n\r\nhello", resets=True)


async def a_reset_within_a_chunked_body(stage: Stage) -> None:
    chunked = b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    await _breaks(stage, chunked, resets=True)


async def a_reset_within_a_body_without_a_length(stage: Stage) -> None:
    await _breaks(stage, b"\r\nhello", resets=True)


async def _fails(stage: Stage, sent: bytes, *, resets: bool = False) -> None:
    stage.upstream.script = _breaking(sent, resets=resets)
    found = await stage.ask(stage.request())
    assert found.status in (502, 504), found.start


async def _breaks(stage: Stage, rest: bytes, *, resets: bool) -> None:
    """The client can tell that it has not got all."""
    stage.upstream.script = _breaking(b"HTTP/1.1 200 OK\r\n" + rest, resets=resets)
    wire = await stage.send(stage.request())
    try:
        found = await answer(wire)
    except Incomplete:
        return
    assert found.status >= 500, f"a whole answer: {found.start!r} {found.body!r}"


def _breaking(sent: bytes, *, resets: bool) -> stages.Script:
    async def script(wire: Wire) -> None:
        await stages.request(wire)
        await wire.send(sent)
        # What was sent is to arrive before the reset, which overtakes it.
        await asyncio.sleep(stages.SETTLE_S)
        if resets:
            wire.reset()
        else:
            wire.end()

    return script


async def too_much_reaches_nobody(stage: Stage) -> None:
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    stage.upstream.script = answering(OK + evil)
    wire = await stage.connect()
    for _ in range(3):
        await wire.send(stage.request())
        if (await answer(wire)).body != b"ok":
            raise PassedOn("the bytes after an answer became the next one")
    if extra := await wire.quiet(stages.SETTLE_S):
        raise PassedOn(f"{extra!r} after the answer")


async def too_much_after_a_chunked_body_reaches_nobody(stage: Stage) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
    stage.upstream.script = answering(chunked + b"0\r\n\r\n" + OK.replace(b"ok", b"no"))
    wire = await stage.connect()
    for _ in range(3):
        await wire.send(stage.request())
        if (await answer(wire)).body != b"ok":
            raise PassedOn("the bytes after an answer became the next one")
    if extra := await wire.quiet(stages.SETTLE_S):
        raise PassedOn(f"{extra!r} after the answer")


async def a_body_where_none_may_be_reaches_nobody(stage: Stage) -> None:
    cases = (
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not\r\n\r\n"),
    )
    for method, head in cases:
        await stage.clear()
        await asyncio.sleep(stages.SETTLE_S)
        stage.upstream.script = answering(head + OK.replace(b"ok", b"no"))
        wire = await stage.connect()
        for _ in range(2):
            await wire.send(stage.request(method=method))
            await answer(wire, method=method)
        if extra := await wire.quiet(stages.SETTLE_S):
            raise PassedOn(f"{extra!r} after an answer without a body")


async def a_connection_that_died_idle_is_nobodys_problem(stage: Stage) -> None:
    async def once(wire: Wire) -> None:
        await stages.request(wire)
        await wire.send(OK)
        wire.end()

    stage.upstream.script = once
    wire = await stage.connect()
    for _ in range(5):
        await wire.send(stage.request())
        assert (await answer(wire)).status == 200


async def a_post_is_never_sent_twice(stage: Stage) -> None:
    asked: list[bytes] = []

    async def script(wire: Wire) -> None:
        while request := await stages.request(wire):
            asked.append(request.method)
            if request.method == b"POST":
                wire.reset()
                return
            await wire.send(OK)

    stage.upstream.script = script
    wire = await stage.send(stage.request())
    assert (await answer(wire)).status == 200
    lines = [b"Content-Length: 2"]
    await wire.send(stage.request(b"/", *lines, method=b"POST", body=b"hi"))
    await wire.until(b"\r\n\r\n")
    assert asked.count(b"POST") == 1, asked


async def an_early_answer_passes_though_the_upstream_closes(stage: Stage) -> None:
    """What it has not read makes its close a reset."""

    async def refuse(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await wire.send(
            b"HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig"
        )
        wire.close()

    stage.upstream.script = refuse
    for _ in range(3):
        lines = [b"Content-Length: 300000"]
        wire = await stage.send(stage.request(b"/", *lines, method=b"POST"))
        sending = asyncio.create_task(_sent(wire, bytes(300_000)))
        found = await answer(wire)
        await sending
        assert (found.status, found.body) == (413, b"big"), found.start


async def _sent(wire: Wire, content: bytes) -> None:
    """As far as it is taken."""
    with contextlib.suppress(OSError):
        await wire.send(content)


async def a_login_is_one_clients(stage: Stage) -> None:
    """NTLM and Negotiate log in a connection."""

    async def login(wire: Wire) -> None:
        is_known = False
        while request := await stages.request(wire):
            is_known = is_known or b"authorization" in request.names
            offer = b"" if is_known else b"WWW-Authenticate: NTLM\r\n"
            status = b"200 OK" if is_known else b"401 No"
            head = b"HTTP/1.1 %b\r\n%bContent-Length: 0\r\n\r\n"
            await wire.send(head % (status, offer))

    stage.upstream.script = login
    known = await stage.send(stage.request(b"/", b"Authorization: NTLM TlRMTVNTUAAB"))
    assert (await answer(known)).status == 200
    for _ in range(3):
        if (await stage.ask(stage.request())).status != 401:
            raise PassedOn("a stranger was answered as the one who had logged in")


async def a_408_on_an_idle_connection_is_no_answer(stage: Stage) -> None:
    async def impatient(wire: Wire) -> None:
        await stages.request(wire)
        await wire.send(OK)
        if await wire.more():
            await wire.send(
                b"HTTP/1.1 408 T\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
            wire.end()

    stage.upstream.script = impatient
    wire = await stage.connect()
    for _ in range(4):
        await wire.send(stage.request())
        found = await answer(wire)
        assert found.status == 200, found.start


RULES = (
    rule(pipelined_requests_are_answered_in_order, "9112 9.3.2", Kind.MUST),
    rule(requests_cut_at_any_byte_are_the_same, "9112 2.2", Kind.MUST),
    rule(a_body_that_looks_like_a_request_is_none, "9112 6.3", Kind.MUST),
    rule(the_same_head_means_what_each_request_makes_of_it, "9112 6.3", Kind.MUST),
    rule(the_same_fields_mean_what_each_version_makes_of_them, "9112 6.1", Kind.MUST),
    rule(the_same_fields_go_where_each_target_says, "9112 3.2", Kind.MUST),
    rule(empty_lines_before_a_request_are_ignored, "9112 2.2", Kind.WANTED),
    rule(close_is_honoured, "9112 9.6", Kind.MUST),
    rule(a_half_closed_client_gets_its_answer, "9112 9.6", Kind.WANTED),
    rule(a_half_closed_client_gets_a_streamed_answer, "9112 9.6", Kind.WANTED),
    rule(an_upload_that_is_cut_is_no_whole_request, "9112 8", Kind.MALFORMED),
    rule(an_upstream_that_closes_without_an_answer, "9110 15.6.3", Kind.WANTED),
    rule(an_upstream_that_resets_without_an_answer, "9110 15.6.3", Kind.WANTED),
    rule(an_upstream_that_breaks_within_its_head, "9112 8", Kind.MUST),
    rule(too_little_of_a_body_with_a_length, "9112 8", Kind.MUST),
    rule(too_little_of_a_chunked_body, "9112 8", Kind.MUST),
    rule(a_reset_within_a_body_with_a_length, "9112 8", Kind.MUST),
    rule(a_reset_within_a_chunked_body, "9112 8", Kind.MUST),
    rule(a_reset_within_a_body_without_a_length, "9112 8", Kind.WANTED),
    rule(too_much_reaches_nobody, "9112 6.3", Kind.MALFORMED),
    rule(too_much_after_a_chunked_body_reaches_nobody, "9112 6.3", Kind.MALFORMED),
    rule(a_body_where_none_may_be_reaches_nobody, "9112 6.3", Kind.MALFORMED),
    rule(a_connection_that_died_idle_is_nobodys_problem, "9112 9.3.1", Kind.WANTED),
    rule(a_408_on_an_idle_connection_is_no_answer, "9110 15.5.9", Kind.WANTED),
    rule(an_early_answer_passes_though_the_upstream_closes, "9112 9.6", Kind.WANTED),
    rule(a_login_is_one_clients, "4559 6", Kind.MALFORMED),
    rule(a_post_is_never_sent_twice, "9110 9.2.2", Kind.MUST),
)
