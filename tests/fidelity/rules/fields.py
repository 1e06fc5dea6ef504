"""Fields pass as they came, and none is invented."""

import gzip

from tests.fidelity import stage as stages
from tests.fidelity.rule import Kind, rule
from tests.fidelity.stage import OK, Stage, answering
from tests.fidelity.wire import Wire

OBS_TEXT = b"caf\xc3\xa9 \xe9\xff\x80 end"
ZIPPED = gzip.compress(b'{"amount": 100}' * 20, mtime=0)
MANY = tuple(b"X-Field-%d: %d" % (number, number) for number in range(200))


def _answer(*lines: bytes, body: bytes = b"ok") -> bytes:
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *lines, b"", body]
    return b"\r\n".join(head)


async def bytes_above_127_in_a_request_field(stage: Stage) -> None:
    await stage.ask(stage.request(b"/", b"X-Name: " + OBS_TEXT))
    assert (await stage.arrived()).values(b"x-name") == [OBS_TEXT]


async def bytes_above_127_in_a_response_field(stage: Stage) -> None:
    stage.upstream.script = answering(_answer(b"X-Name: " + OBS_TEXT))
    assert (await stage.ask(stage.request())).values(b"x-name") == [OBS_TEXT]


async def the_letter_case_of_request_fields(stage: Stage) -> None:
    await stage.ask(stage.request(b"/", b"x-lower: 1", b"X-UPPER: 2", b"x-MiXed: 3"))
    sent = {name for name, _ in (await stage.arrived()).fields}
    assert {b"x-lower", b"X-UPPER", b"x-MiXed"} <= sent, sent


async def the_letter_case_of_response_fields(stage: Stage) -> None:
    stage.upstream.script = answering(_answer(b"x-lower: 1", b"X-UPPER: 2"))
    got = {name for name, _ in (await stage.ask(stage.request())).fields}
    assert {b"x-lower", b"X-UPPER"} <= got, got


async def the_order_of_a_request_fields_values(stage: Stage) -> None:
    await stage.ask(stage.request(b"/", b"X-A: 1", b"x-a: 2", b"B: 0", b"X-a: 3"))
    found = (await stage.arrived()).values(b"x-a")
    assert b",".join(found).replace(b" ", b"") == b"1,2,3", found


async def the_order_of_a_response_fields_values(stage: Stage) -> None:
    stage.upstream.script = answering(
        _answer(b"X-A: 1", b"x-a: 2", b"B: 0", b"X-a: 3"),
    )
    found = (await stage.ask(stage.request())).values(b"x-a")
    assert b",".join(found).replace(b" ", b"") == b"1,2,3", found


async def request_fields_are_neither_joined_nor_moved(stage: Stage) -> None:
    lines = [b"X-A: 1", b"X-B: 2", b"x-a: 3", b"Cookie: a=1", b"Cookie: b=2", b"X-C: "]
    await stage.ask(stage.request(b"/", *lines))
    fields = (await stage.arrived()).fields
    mine = [b"%b: %b" % line for line in fields]
    assert [line for line in mine if line in lines] == lines, mine


async def response_fields_are_neither_joined_nor_moved(stage: Stage) -> None:
    lines = [b"X-B: 2", b"X-A: 1", b"x-b: 3", b"Vary: a", b"Vary: b", b"X-C: "]
    stage.upstream.script = answering(_answer(*lines))
    mine = [b"%b: %b" % line for line in (await stage.ask(stage.request())).fields]
    assert [line for line in mine if line in lines] == lines, mine


async def set_cookie_is_never_joined(stage: Stage) -> None:
    cookies = [b"a=1; Expires=Wed, 09 Jun 2100 10:18:14 GMT", b"b=2", b"a=3"]
    stage.upstream.script = answering(
        _answer(*[b"Set-Cookie: " + cookie for cookie in cookies])
    )
    assert (await stage.ask(stage.request())).values(b"set-cookie") == cookies


async def two_hundred_fields_pass(stage: Stage) -> None:
    stage.upstream.script = answering(_answer(*MANY))
    answer = await stage.ask(stage.request(b"/", *MANY))
    for message in (await stage.arrived(), answer):
        assert sum(name.startswith(b"x-field-") for name in message.names) == 200


async def names_with_unusual_characters_pass(stage: Stage) -> None:
    lines = [b"X_under: 1", b"!#$%&'*+-.^_`|~: 2", b"1: 3"]
    stage.upstream.script = answering(_answer(*lines))
    answer = await stage.ask(stage.request(b"/", *lines))
    for message in (await stage.arrived(), answer):
        assert {b"x_under", b"!#$%&'*+-.^_`|~", b"1"} <= message.names, message.names


async def no_field_is_invented_in_a_request(stage: Stage) -> None:
    await stage.ask(stage.request())
    request = await stage.arrived()
    invented = request.names & {
        *(b"user-agent", b"accept", b"accept-encoding", b"content-type", b"date"),
        *(b"content-length", b"transfer-encoding", b"server", b"cache-control"),
    }
    assert not invented, invented


async def no_field_is_invented_in_a_response(stage: Stage) -> None:
    stage.upstream.script = answering(OK)
    invented = (await stage.ask(stage.request())).names & {
        *(b"server", b"date", b"content-type", b"cache-control", b"etag"),
        *(b"last-modified", b"expires", b"accept-ranges", b"transfer-encoding"),
    }
    assert not invented, invented


async def server_and_date_are_the_upstreams(stage: Stage) -> None:
    date = b"Thu, 01 Jan 1970 00:00:00 GMT"
    stage.upstream.script = answering(_answer(b"Server: odd/1 (x)", b"Date: " + date))
    answer = await stage.ask(stage.request())
    assert answer.values(b"server") == [b"odd/1 (x)"]
    assert answer.values(b"date") == [date]


async def a_gzip_request_body_is_untouched(stage: Stage) -> None:
    lines = [b"Content-Encoding: gzip", b"Content-Length: %d" % len(ZIPPED)]
    await stage.ask(
        stage.request(
            b"/", *lines, b"Cache-Control: no-transform", method=b"POST", body=ZIPPED
        )
    )
    request = await stage.arrived()
    assert request.body == ZIPPED
    assert request.values(b"content-encoding") == [b"gzip"]


async def a_gzip_response_body_is_untouched(stage: Stage) -> None:
    stage.upstream.script = answering(
        _answer(b"Content-Encoding: gzip", b"Cache-Control: no-transform", body=ZIPPED)
    )
    for field in ((), (b"Accept-Encoding: identity",)):
        answer = await stage.ask(stage.request(b"/", *field))
        assert answer.body == ZIPPED
        assert answer.values(b"content-encoding") == [b"gzip"]


async def fields_that_connection_names_stay_behind(stage: Stage) -> None:
    lines = [b"Connection: X-Secret, close", b"X-Secret: 1", b"X-Other: 2"]
    stage.upstream.script = answering(_answer(*lines))
    answer = await stage.ask(stage.request(b"/", *lines))
    for message in (await stage.arrived(), answer):
        assert b"x-secret" not in message.names
        assert b"x-other" in message.names


async def hop_by_hop_fields_stay_behind(stage: Stage) -> None:
    lines = [b"Keep-Alive: timeout=9", b"Proxy-Connection: keep-alive", b"TE: gzip"]
    stage.upstream.script = answering(_answer(*lines))
    answer = await stage.ask(stage.request(b"/", *lines))
    for message in (await stage.arrived(), answer):
        values = message.values(b"keep-alive") + message.values(b"te")
        assert b"timeout=9" not in values
        assert b"gzip" not in values
        assert b"proxy-connection" not in message.names


async def a_request_says_that_it_came_by_a_proxy(stage: Stage) -> None:
    await stage.ask(stage.request(b"/", b"Via: 1.0 fred"))
    [*before, mine] = b",".join((await stage.arrived()).values(b"via")).split(b",")
    assert before == [b"1.0 fred"], before
    assert mine.strip().startswith(b"1.1 ")


async def the_reason_phrase_passes(stage: Stage) -> None:
    stage.upstream.script = answering(
        b"HTTP/1.1 299 Fein, dan\xc3\xa9k!\r\nContent-Length: 0\r\n\r\n"
    )
    answer = await stage.ask(stage.request())
    assert answer.start == b"HTTP/1.1 299 Fein, dan\xc3\xa9k!"


async def an_empty_reason_phrase_passes(stage: Stage) -> None:
    stage.upstream.script = answering(b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n")
    assert (await stage.ask(stage.request())).start == b"HTTP/1.1 200 "


async def unknown_statuses_pass(stage: Stage) -> None:
    async def script(wire: Wire) -> None:
        while request := await stages.request(wire):
            status = request.target[1:]
            await wire.send(b"HTTP/1.1 %b X\r\nContent-Length: 0\r\n\r\n" % status)

    stage.upstream.script = script
    for status in (207, 226, 418, 451, 498, 511, 599):
        answer = await stage.ask(stage.request(b"/%d" % status))
        assert answer.status == status


RULES = (
    rule(bytes_above_127_in_a_request_field, "9110 5.5", Kind.WANTED),
    rule(bytes_above_127_in_a_response_field, "9110 5.5", Kind.WANTED),
    rule(the_letter_case_of_request_fields, "9110 5.1", Kind.WANTED),
    rule(the_letter_case_of_response_fields, "9110 5.1", Kind.WANTED),
    rule(the_order_of_a_request_fields_values, "9110 5.3", Kind.MUST),
    rule(the_order_of_a_response_fields_values, "9110 5.3", Kind.MUST),
    rule(request_fields_are_neither_joined_nor_moved, "9110 5.3", Kind.WANTED),
    rule(response_fields_are_neither_joined_nor_moved, "9110 5.3", Kind.WANTED),
    rule(set_cookie_is_never_joined, "9110 5.3", Kind.MUST),
    rule(two_hundred_fields_pass, "9110 5.4", Kind.WANTED),
    rule(names_with_unusual_characters_pass, "9110 5.1", Kind.MUST),
    rule(no_field_is_invented_in_a_request, "9110 10.1.5", Kind.WANTED),
    rule(no_field_is_invented_in_a_response, "9110 6.6.1", Kind.WANTED),
    rule(server_and_date_are_the_upstreams, "9110 6.6.1, 10.2.4", Kind.WANTED),
    rule(a_gzip_request_body_is_untouched, "9110 7.7", Kind.MUST),
    rule(a_gzip_response_body_is_untouched, "9110 7.7", Kind.MUST),
    rule(fields_that_connection_names_stay_behind, "9110 7.6.1", Kind.MUST),
    rule(hop_by_hop_fields_stay_behind, "9110 7.6.1", Kind.WANTED),
    rule(a_request_says_that_it_came_by_a_proxy, "9110 7.6.3", Kind.MUST),
    rule(the_reason_phrase_passes, "9112 4", Kind.WANTED),
    rule(an_empty_reason_phrase_passes, "9112 4", Kind.WANTED),
    rule(unknown_statuses_pass, "9110 15", Kind.MUST),
)
