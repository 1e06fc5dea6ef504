"""Bodies pass as they come: framed, streamed, with their trailers, to their end."""

import asyncio
import contextlib

from tests.fidelity import stage as stages
from tests.fidelity.rule import Kind, rule
from tests.fidelity.stage import OK, Stage, answer, answering
from tests.fidelity.strict import Incomplete, Message
from tests.fidelity.wire import Wire

CHUNKED = b"Transfer-Encoding: chunked"
ALL_BYTES = bytes(range(256)) * 300


def _chunked(*pieces: bytes, trailers: bytes = b"") -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return framed + b"0\r\n" + trailers + b"\r\n"


async def a_request_body_with_a_length(stage: Stage) -> None:
    lines = [b"Content-Length: %d" % len(ALL_BYTES)]
    await stage.ask(stage.request(b"/", *lines, method=b"PUT", body=ALL_BYTES))
    request = await stage.arrived()
    assert request.body == ALL_BYTES
    assert request.values(b"content-length") == [b"%d" % len(ALL_BYTES)]


async def a_chunked_request_body(stage: Stage) -> None:
    body = _chunked(ALL_BYTES[:9], ALL_BYTES[9:])
    await stage.ask(stage.request(b"/", CHUNKED, method=b"POST", body=body))
    assert (await stage.arrived()).body == ALL_BYTES


async def a_chunked_request_stays_chunked(stage: Stage) -> None:
    await stage.ask(
        stage.request(b"/", CHUNKED, method=b"POST", body=_chunked(b"a", b"b"))
    )
    assert (await stage.arrived()).chunks is not None


async def an_empty_body_keeps_its_length(stage: Stage) -> None:
    await stage.ask(stage.request(b"/", b"Content-Length: 0", method=b"POST"))
    request = await stage.arrived()
    assert request.values(b"content-length") == [b"0"]


async def valid_chunk_extensions_are_ignored(stage: Stage) -> None:
    body = b'5;a=1;b="x y\\"";c\r\nhello\r\n0;last\r\n\r\n'
    answer = await stage.ask(stage.request(b"/", CHUNKED, method=b"POST", body=body))
    assert answer.status == 200, answer.start
    assert (await stage.arrived()).body == b"hello"


async def chunk_sizes_in_any_form(stage: Stage) -> None:
    body = b"0005\r\nhello\r\nA\r\n0123456789\r\na\r\n0123456789\r\n000\r\n\r\n"
    await stage.ask(stage.request(b"/", CHUNKED, method=b"POST", body=body))
    assert (await stage.arrived()).body == b"hello" + b"0123456789" * 2


async def transfer_encoding_in_any_case(stage: Stage) -> None:
    body = _chunked(b"hello")
    await stage.ask(
        stage.request(b"/", b"transfer-ENCODING: Chunked", method=b"POST", body=body)
    )
    assert (await stage.arrived()).body == b"hello"


async def a_response_body_with_a_length(stage: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(ALL_BYTES)
    stage.upstream.script = answering(head + ALL_BYTES)
    answer = await stage.ask(stage.request())
    assert answer.body == ALL_BYTES
    assert answer.values(b"content-length") == [b"%d" % len(ALL_BYTES)]


async def a_chunked_response_body(stage: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n"
    stage.upstream.script = answering(head + _chunked(ALL_BYTES[:7], ALL_BYTES[7:]))
    assert (await stage.ask(stage.request())).body == ALL_BYTES


async def a_chunked_response_stays_chunked(stage: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n"
    stage.upstream.script = answering(head + _chunked(b"one", b"two"))
    answer = await stage.ask(stage.request())
    assert (answer.body, answer.chunks is not None) == (b"onetwo", True)


async def an_empty_chunked_response(stage: Stage) -> None:
    stage.upstream.script = answering(
        b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n0\r\n\r\n"
    )
    assert (await stage.ask(stage.request())).body == b""


async def request_trailers_pass(stage: Stage) -> None:
    body = _chunked(b"hello", trailers=b"X-Sum: 1\r\nx-sum: 2\r\n")
    lines = [CHUNKED, b"Trailer: X-Sum", b"TE: trailers"]
    await stage.ask(stage.request(b"/", *lines, method=b"POST", body=body))
    request = await stage.arrived()
    assert request.values(b"trailer") == [b"X-Sum"]
    assert _lowered(request) == [(b"x-sum", b"1"), (b"x-sum", b"2")]


async def response_trailers_pass(stage: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n" + CHUNKED + b"\r\n\r\n"
    stage.upstream.script = answering(
        head + _chunked(b"hello", trailers=b"X-Sum: caf\xc3\xa9\r\nX-B: 2\r\n")
    )
    answer = await stage.ask(stage.request(b"/", b"TE: trailers"))
    assert answer.values(b"trailer") == [b"X-Sum"]
    assert _lowered(answer) == [(b"x-sum", b"caf\xc3\xa9"), (b"x-b", b"2")]


def _lowered(message: Message) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in message.trailers]


async def trailers_never_become_fields(stage: Stage) -> None:
    body = _chunked(b"hello", trailers=b"X-Late: 1\r\nHost: else.example\r\n")
    head = b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n"
    stage.upstream.script = answering(head + body)
    await stage.send(stage.request(b"/", CHUNKED, method=b"POST", body=body))
    await asyncio.sleep(stages.SETTLE_S)
    for request in stage.upstream.requests():
        assert b"x-late" not in request.names
        assert request.body == b"hello"
    answer = await stage.ask(stage.request())
    assert b"x-late" not in answer.names
    assert answer.body == b"hello"


async def a_length_among_trailers_frames_nothing(stage: Stage) -> None:
    body = _chunked(b"hello", trailers=b"Content-Length: 3\r\n")
    stage.upstream.script = answering(
        b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n" + body
    )
    wire = await stage.send(stage.request(b"/", CHUNKED, method=b"POST", body=body))
    await wire.quiet(stages.SETTLE_S)
    for request in stage.upstream.requests():
        assert b"3" not in request.values(b"content-length")
        assert request.body == b"hello"
    # Refusing it is as good.
    with contextlib.suppress(Incomplete):
        answer = await stage.ask(stage.request())
        assert b"3" not in answer.values(b"content-length")


async def each_chunk_of_a_response_passes_at_once(stage: Stage) -> None:
    await _streams_down(stage, b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n", True)


async def each_piece_of_a_response_passes_at_once(stage: Stage) -> None:
    await _streams_down(stage, b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", False)


async def each_piece_of_an_endless_response_passes_at_once(stage: Stage) -> None:
    await _streams_down(stage, b"HTTP/1.1 200 OK\r\n\r\n", False)


async def _streams_down(stage: Stage, head: bytes, is_chunked: bool) -> None:
    goes_on = asyncio.Event()

    async def script(wire: Wire) -> None:
        await stages.request(wire)
        await wire.send(head)
        for piece in (b"one.", b"two.", b"six."):
            await wire.send(b"4\r\n%b\r\n" % piece if is_chunked else piece)
            await goes_on.wait()
            goes_on.clear()
        await wire.send(b"0\r\n\r\n" if is_chunked else b"")
        wire.end()

    stage.upstream.script = script
    wire = await stage.send(stage.request())
    for piece in (b"one.", b"two.", b"six."):
        assert piece in await wire.until(piece)
        goes_on.set()


async def each_chunk_of_a_request_passes_at_once(stage: Stage) -> None:
    await _streams_up(stage, CHUNKED, b"4\r\n%b\r\n", b"0\r\n\r\n")


async def each_piece_of_a_request_passes_at_once(stage: Stage) -> None:
    await _streams_up(stage, b"Content-Length: 12", b"%b", b"")


async def _streams_up(stage: Stage, line: bytes, form: bytes, end: bytes) -> None:
    wire = await stage.send(stage.request(b"/", line, method=b"POST"))
    for piece in (b"one.", b"two.", b"six."):
        await wire.send(form % piece)
        while not any(piece in upstream.received for upstream in stage.upstream.wires):
            await asyncio.sleep(0.005)
    await wire.send(end)
    assert (await answer(wire)).status == 200


async def a_body_that_ends_with_the_connection(stage: Stage) -> None:
    stage.upstream.script = answering(
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n" + ALL_BYTES, closes=True
    )
    answer = await stage.ask(stage.request())
    assert answer.body == ALL_BYTES
    assert answer.values(b"content-length") == []


async def an_answer_to_head_has_no_body_and_keeps_its_length(stage: Stage) -> None:
    stage.upstream.script = answering(
        b"HTTP/1.1 200 OK\r\nContent-Length: 98765432100\r\n\r\n"
    )
    wire = await stage.connect()
    for _ in range(2):
        await wire.send(stage.request(method=b"HEAD"))
        found = await answer(wire, method=b"HEAD")
        assert found.values(b"content-length") == [b"98765432100"]
    assert await wire.quiet(stages.SETTLE_S) == b""


async def an_answer_to_head_that_would_be_chunked(stage: Stage) -> None:
    stage.upstream.script = answering(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n")
    wire = await stage.send(stage.request(method=b"HEAD"))
    assert (await answer(wire, method=b"HEAD")).status == 200
    assert await wire.quiet(stages.SETTLE_S) == b""


async def no_content_has_no_body_and_no_length(stage: Stage) -> None:
    stage.upstream.script = answering(b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n")
    wire = await stage.connect()
    for _ in range(2):
        await wire.send(stage.request())
        found = await answer(wire)
        assert not found.names & {b"content-length", b"transfer-encoding"}
    assert await wire.quiet(stages.SETTLE_S) == b""


async def not_modified_keeps_its_length_and_has_no_body(stage: Stage) -> None:
    stage.upstream.script = answering(
        b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 100\r\n\r\n'
    )
    wire = await stage.connect()
    for _ in range(2):
        await wire.send(stage.request(b"/", b'If-None-Match: "x"'))
        found = await answer(wire)
        assert (found.status, found.values(b"etag")) == (304, [b'"x"'])
        assert found.values(b"content-length") in ([b"100"], [])
    assert await wire.quiet(stages.SETTLE_S) == b""


async def an_early_answer_comes_before_the_body_is_sent(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await wire.send(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        wire.end()

    stage.upstream.script = script
    lines = [b"Content-Length: 1000000"]
    wire = await stage.send(stage.request(b"/", *lines, method=b"POST", body=b"some"))
    assert (await answer(wire)).status == 413


async def an_early_answer_survives_an_upload_that_goes_on(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        await wire.until(b"\r\n\r\n")
        await wire.send(OK.replace(b"200 OK", b"413 No"))
        wire.end()
        await asyncio.sleep(0.1)

    stage.upstream.script = script
    lines = [b"Content-Length: 10000000"]
    wire = await stage.send(stage.request(b"/", *lines, method=b"POST"))
    sending = asyncio.create_task(wire.send(b"x" * 10_000_000))
    try:
        assert (await answer(wire)).status == 413
    except Incomplete:
        raise AssertionError("the connection broke before the answer") from None
    finally:
        sending.cancel()


async def zeros_before_a_chunks_size_mean_nothing(stage: Stage) -> None:
    for zeros in (b"0", b"0" * 7, b"0" * 15):
        await stage.clear()
        body = zeros + b"3\r\none\r\n" + zeros + b"0\r\n\r\n"
        stage.upstream.script = answering(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
        )
        raw = stage.request(b"/", CHUNKED, method=b"POST", body=body)
        assert (await stage.ask(raw, method=b"POST")).body == b"one"
        assert (await stage.arrived()).body == b"one"


RULES = (
    rule(a_request_body_with_a_length, "9112 6.2", Kind.MUST),
    rule(a_chunked_request_body, "9112 7.1", Kind.MUST),
    rule(zeros_before_a_chunks_size_mean_nothing, "9112 7.1", Kind.MUST),
    rule(a_chunked_request_stays_chunked, "9112 7.1", Kind.WANTED),
    rule(an_empty_body_keeps_its_length, "9110 8.6", Kind.WANTED),
    rule(valid_chunk_extensions_are_ignored, "9112 7.1.1", Kind.MUST),
    rule(chunk_sizes_in_any_form, "9112 7.1", Kind.MUST),
    rule(transfer_encoding_in_any_case, "9112 7", Kind.MUST),
    rule(a_response_body_with_a_length, "9112 6.2", Kind.MUST),
    rule(a_chunked_response_body, "9112 7.1", Kind.MUST),
    rule(a_chunked_response_stays_chunked, "9112 7.1", Kind.WANTED),
    rule(an_empty_chunked_response, "9112 7.1", Kind.MUST),
    rule(request_trailers_pass, "9110 6.5", Kind.WANTED),
    rule(response_trailers_pass, "9110 6.5", Kind.WANTED),
    rule(trailers_never_become_fields, "9110 6.5.1", Kind.MUST),
    rule(a_length_among_trailers_frames_nothing, "9110 6.5.1", Kind.MUST),
    rule(each_chunk_of_a_response_passes_at_once, "9112 7.1", Kind.WANTED),
    rule(each_piece_of_a_response_passes_at_once, "9112 6.2", Kind.WANTED),
    rule(each_piece_of_an_endless_response_passes_at_once, "9112 6.3", Kind.WANTED),
    rule(each_chunk_of_a_request_passes_at_once, "9112 7.1", Kind.WANTED),
    rule(each_piece_of_a_request_passes_at_once, "9112 6.2", Kind.WANTED),
    rule(a_body_that_ends_with_the_connection, "9112 6.3", Kind.MUST),
    rule(an_answer_to_head_has_no_body_and_keeps_its_length, "9110 9.3.2", Kind.MUST),
    rule(an_answer_to_head_that_would_be_chunked, "9112 6.3", Kind.MUST),
    rule(no_content_has_no_body_and_no_length, "9110 8.6, 15.3.5", Kind.MUST),
    rule(not_modified_keeps_its_length_and_has_no_body, "9110 15.4.5", Kind.MUST),
    rule(an_early_answer_comes_before_the_body_is_sent, "9112 9.3", Kind.WANTED),
    rule(an_early_answer_survives_an_upload_that_goes_on, "9112 9.6", Kind.WANTED),
)
