"""Methods and targets pass as they came (RFC 9110 7.1, RFC 9112 3.2)."""

from functools import partial

from tests.fidelity.rule import Kind, Rule, rule
from tests.fidelity.stage import Stage

TARGETS = {
    "a_lone_question_mark": b"/a?",
    "double_slashes": b"//a//b///",
    "an_escaped_slash": b"/a%2Fb%2fc",
    "parameters_of_segments": b"/a;p=1;q/b;v=1.2",
    "escapes_of_nul_and_line_ends": b"/%00/%0d%0a/%7f",
    "dot_segments": b"/a/./b/../c/..",
    "escapes_of_plain_letters": b"/%7Euser/%61%62/%2e%2e/x",
    "odd_queries": b"/a?b?c&&=&d=%26&e[]=1",
    "plus_and_escaped_blanks": b"/a+b%20c?d+e=%20+",
    "sub_delimiters": b"/:@!$&'()*+,;=-._~",
    "escaped_utf_8": b"/%F0%9F%92%A9?q=%e9",
    "a_url_in_the_path": b"/http://example.org/x?y=http://z/",
    "a_long_target": b"/" + b"x" * 4000,
}
METHODS = {
    "an_unknown_method": b"BREW",
    "a_method_in_lower_case": b"get",
    "a_method_of_odd_characters": b"M-SEARCH!#$%&'*+.^_`|~",
    "webdav_methods": b"PROPFIND",
    "a_long_method": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}


async def target_passes(stage: Stage, target: bytes) -> None:
    await stage.ask(stage.request(target))
    arrived = (await stage.arrived()).target
    assert arrived == target, f"{arrived!r} arrived"


async def method_passes(stage: Stage, method: bytes) -> None:
    lines = [b"Content-Length: 3"]
    answer = await stage.ask(stage.request(b"/", *lines, method=method, body=b"abc"))
    assert answer.status == 200, answer.start
    request = await stage.arrived()
    assert (request.method, request.body) == (method, b"abc")


async def a_query_without_a_path(stage: Stage) -> None:
    await stage.ask(_absolute(stage, b"http://%b?x=1"))
    assert (await stage.arrived()).target == b"/?x=1"


async def an_absolute_target_is_taken(stage: Stage) -> None:
    await stage.ask(_absolute(stage, b"http://%b/a//b%%2F?c"))
    arrived = (await stage.arrived()).target
    assert arrived == b"/a//b%2F?c", f"{arrived!r} arrived"


async def an_absolute_target_without_a_path(stage: Stage) -> None:
    await stage.ask(_absolute(stage, b"HTTP://%b"))
    assert (await stage.arrived()).target == b"/"


async def an_absolute_target_beats_host(stage: Stage) -> None:
    raw = _absolute(stage, b"http://%b/x").replace(
        b"\r\nHost: " + stage.host, b"\r\nHost: else.example"
    )
    answer = await stage.ask(raw)
    assert answer.status == 200, answer.start
    assert b"else.example" not in (await stage.arrived()).values(b"host")


async def options_of_everything(stage: Stage) -> None:
    await stage.ask(stage.request(b"*", method=b"OPTIONS"))
    request = await stage.arrived()
    assert (request.method, request.target) == (b"OPTIONS", b"*")


async def options_of_a_whole_authority(stage: Stage) -> None:
    await stage.ask(_absolute(stage, b"http://%b", method=b"OPTIONS"))
    arrived = (await stage.arrived()).target
    assert arrived == b"*", f"{arrived!r} arrived"


async def max_forwards_counts_down(stage: Stage) -> None:
    lines = [b"X-A: 1", b"Max-Forwards: 3"]
    for method, left in ((b"OPTIONS", b"2"), (b"TRACE", b"2"), (b"OPTIONS", b"2")):
        wire = await stage.send(stage.request(b"/", *lines, method=method))
        await wire.until(b"\r\n\r\n")
        arrived = stage.upstream.requests()[-1]
        assert arrived.values(b"max-forwards") == [left], arrived.fields


async def max_forwards_of_none_ends_here(stage: Stage) -> None:
    for method in (b"OPTIONS", b"TRACE"):
        answer = await stage.ask(stage.request(b"/", b"Max-Forwards: 0", method=method))
        assert answer.status >= 200
    assert not stage.upstream.requests()


async def a_get_with_a_body(stage: Stage) -> None:
    await stage.ask(stage.request(b"/", b"Content-Length: 5", body=b"hello"))
    assert (await stage.arrived()).body == b"hello"


def _absolute(stage: Stage, form: bytes, *, method: bytes = b"GET") -> bytes:
    return stage.request(form % stage.host, method=method)


RULES = (
    *[
        Rule(name, "9112 3.2", Kind.WANTED, partial(target_passes, target=target))
        for name, target in TARGETS.items()
    ],
    *[
        Rule(name, "9110 9.1", Kind.WANTED, partial(method_passes, method=method))
        for name, method in METHODS.items()
    ],
    rule(a_query_without_a_path, "9112 3.2.1", Kind.MUST),
    rule(an_absolute_target_is_taken, "9112 3.2.1, 3.2.2", Kind.MUST),
    rule(an_absolute_target_without_a_path, "9112 3.2.1", Kind.MUST),
    rule(an_absolute_target_beats_host, "9112 3.2.2", Kind.MUST),
    rule(options_of_everything, "9112 3.2.4", Kind.WANTED),
    rule(options_of_a_whole_authority, "9112 3.2.4", Kind.MUST),
    rule(max_forwards_counts_down, "9110 7.6.2", Kind.MUST),
    rule(max_forwards_of_none_ends_here, "9110 7.6.2", Kind.MUST),
    rule(a_get_with_a_body, "9112 6", Kind.WANTED),
)
