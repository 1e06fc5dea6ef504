"""Forwarded heads: what goes on from one side to the other, as it is written."""

from functools import lru_cache
from typing import Final

from monitor.registry.table import ForwardedHeaders
from monitor.traffic.header_names import FORWARDED
from monitor.traffic.line import Lines
from proxy.http1 import headers
from proxy.http1.request import Request
from proxy.http1.response import Answer
from proxy.routing.references import Entrance
from proxy.routing.rewrite import REWRITTEN, mapped_back, withheld
from proxy.routing.routing import Routed
from proxy.routing.trust import forwarded_host, forwarded_proto

# RFC 9110 15.5.22: it says to what.
UPGRADE_REQUIRED: Final = 426
# Longer ones are written anew each time.
MAX_HOST_LENGTH: Final = 255
# A member is found faster by a name of its own.
ADD: Final = ForwardedHeaders.ADD
NONE: Final = ForwardedHeaders.NONE


def request_head(
    request: Request, routed: Routed, *, via: str, cookie: str, is_trusted: bool
) -> bytes:
    """A request's head as it goes upstream; *cookie* is the app's own session's."""
    line = f"{request.method} {routed.target} HTTP/1.1\r\n".encode("latin-1")
    fields, service, prefix = request.fields, routed.service, routed.prefix
    known = fields.forwarded if request.hops is None else None
    if known is not None and known[0] is service and known[1] == prefix:
        return line + known[2]
    lines = _request_lines(request, routed, cookie=cookie, is_trusted=is_trusted)
    minor = "0" if request.is_http_1_0 else "1"
    own = f"Via: 1.{minor} {via}\r\n{_connection_lines(request)}\r\n"
    content = _joined(lines, own)
    if request.authority is fields.host and request.hops is None:
        fields.forwarded = (service, prefix, content)
    return line + content


def _request_lines(
    request: Request, routed: Routed, *, cookie: str, is_trusted: bool
) -> Lines:
    fields, named = request.fields, request.named
    lines = headers.end_to_end(fields.lines, fields.options)
    if "cookie" in named and any(cookie in value for value in named["cookie"]):
        lines = headers.without_cookie(lines, cookie)
    host = request.authority
    sent = host if routed.service.preserve_host and host else routed.upstream.authority
    lines = headers.with_host(lines, sent)
    if request.hops is not None:
        lines = headers.with_hops(lines, request.hops - 1)
    wanted = routed.service.forwarded_headers
    is_kept = is_trusted and wanted is not NONE
    is_alone = FORWARDED.isdisjoint(named)
    if not is_alone and not is_kept:
        lines, is_alone = headers.without_forwarded(lines), True
    if wanted is not ADD:
        return lines
    peer, prefix = request.peer, routed.prefix
    if is_alone and len(host) <= MAX_HOST_LENGTH:
        return [*lines, *_forwarded(peer, host, prefix)]
    return headers.forwarded(lines, peer=peer, host=host, proto="http", prefix=prefix)


# Of each client, for each of the names that it asks for.
@lru_cache(maxsize=8192)
def _forwarded(peer: str, host: str, prefix: str) -> Lines:
    """Where a request came from, of which nobody said anything before us."""
    return headers.forwarded([], peer=peer, host=host, proto="http", prefix=prefix)


def answer_head(
    answer: Answer,
    request: Request,
    routed: Routed,
    *,
    extra: str,
    cookie: str,
    is_trusted: bool,
) -> bytes:
    """An answer's head as it goes to the client; *extra* are lines of our own."""
    passed = answer.passed
    if passed is None or request.is_http_1_0:
        lines = _passed(answer, cookie=cookie, prefix=routed.prefix)
        points_back = not REWRITTEN.isdisjoint(answer.named)
        if points_back:
            entrance = _entrance(request, routed, is_trusted=is_trusted)
            lines = mapped_back(lines, routed.upstream, entrance)
        passed = _answer_lines(answer, lines, is_http_1_0=request.is_http_1_0)
        if not points_back and not request.is_http_1_0:
            answer.passed = passed
    return passed + f"{extra}\r\n".encode("latin-1")


def _entrance(request: Request, routed: Routed, *, is_trusted: bool) -> Entrance:
    """Where the client came in, for answers that point back."""
    host, proto, told = request.authority, "http", routed.prefix
    if is_trusted:
        told = headers.outer_prefix(request.fields.lines) + told if told else ""
        host = forwarded_host(_first(request.text("x-forwarded-host"))) or host
        proto = forwarded_proto(_first(request.text("x-forwarded-proto"))) or proto
    return Entrance(
        proto=proto, host=host, prefix=routed.prefix, told=told, target=routed.target
    )


def _first(listed: str | None) -> str:
    """What the outermost of several proxies said."""
    return (listed or "").partition(",")[0].strip()


def _answer_lines(answer: Answer, lines: Lines, *, is_http_1_0: bool) -> bytes:
    """From the status line on."""
    own = ""
    if answer.is_chunked:
        if is_http_1_0:
            lines = [found for found in lines if found.lower != "trailer"]
        else:
            own = "Transfer-Encoding: chunked\r\n"
    if answer.status == UPGRADE_REQUIRED and not is_http_1_0:
        own += _upgrade_lines(answer)
    line = f"HTTP/1.1 {answer.status} {answer.reason}\r\n".encode("latin-1")
    return line + _joined(lines, own)


def _passed(answer: Answer, *, cookie: str, prefix: str) -> Lines:
    """Its lines that go on, as they came."""
    lines = headers.end_to_end(answer.lines, answer.options)
    if REWRITTEN.isdisjoint(answer.named):
        return lines
    return withheld(lines, cookie=cookie, prefix=prefix)


def switch_head(answer: Answer, routed: Routed, *, extra: str, cookie: str) -> bytes:
    """101; of it, and of 426, Upgrade passes on."""
    lines = _passed(answer, cookie=cookie, prefix=routed.prefix)
    line = f"HTTP/1.1 101 {answer.reason}\r\n".encode("latin-1")
    return line + _joined(lines, f"{extra}{_upgrade_lines(answer)}\r\n")


def interim_head(answer: Answer, routed: Routed, *, cookie: str) -> bytes:
    lines = _passed(answer, cookie=cookie, prefix=routed.prefix)
    line = f"HTTP/1.1 {answer.status} {answer.reason}\r\n".encode("latin-1")
    return line + _joined(lines, "\r\n")


def _upgrade_lines(answer: Answer) -> str:
    """To what the upstream has switched, or would."""
    upgrade = [found for found in answer.lines if found.lower == "upgrade"]
    return f"Connection: upgrade\r\n{_joined(upgrade).decode('latin-1')}"


def _joined(lines: Lines, own: str = "") -> bytes:
    """*own*: lines of ours behind them, each with its end."""
    parts = [found.raw for found in lines]
    parts.append(own.encode("latin-1"))
    return b"\r\n".join(parts)


def _connection_lines(request: Request) -> str:
    """What is agreed anew with the upstream."""
    lines = ""
    if upgrade := request.upgrade:
        lines += f"Connection: upgrade\r\nUpgrade: {upgrade}\r\n"
    elif request.takes_trailers:
        lines += "Connection: TE\r\nTE: trailers\r\n"
    if "transfer-encoding" in request.named:
        lines += "Transfer-Encoding: chunked\r\n"
    return lines
