"""What goes on from one side to the other: the heads as they are written."""

from functools import lru_cache

from proxy import headers
from proxy.headers import FORWARDED
from proxy.heads import Lines
from proxy.request import Request
from proxy.response import Answer
from proxy.rewrite import REWRITTEN, Entrance, mapped_back
from proxy.routing import Routed

# RFC 9110 15.5.22: it says to what.
UPGRADE_REQUIRED = 426


def request_head(
    request: Request, routed: Routed, *, via: str, cookie: str, is_trusted: bool
) -> bytes:
    """A request's head as it goes upstream; *cookie* is the app's own session's."""
    named = request.named
    lines = headers.end_to_end(request.lines, request.options)
    if "cookie" in named and any(cookie in value for value in named["cookie"]):
        lines = headers.without_cookie(lines, cookie)
    host = request.authority
    sent = host if routed.service.preserve_host and host else routed.upstream.authority
    lines = headers.with_host(lines, sent)
    prefix = routed.prefix
    if FORWARDED.isdisjoint(named):
        origin = _origin(request.peer, host, prefix)
    else:
        if not is_trusted:
            lines = headers.without_forwarded(lines)
        origin = ""
        lines = headers.forwarded(
            lines, peer=request.peer, host=host, proto="http", prefix=prefix
        )
    minor = "0" if request.is_http_1_0 else "1"
    own = _connection_lines(request)
    return (
        f"{request.method} {routed.target} HTTP/1.1\r\n{_joined(lines)}{origin}"
        f"Via: 1.{minor} {via}\r\n{own}\r\n"
    ).encode("latin-1")


def answer_head(
    answer: Answer,
    routed: Routed,
    entrance: Entrance,
    *,
    extra: str,
    is_http_1_0: bool,
) -> bytes:
    """An answer's head as it goes to the client; *extra* are lines of our own."""
    named = answer.named
    lines = headers.end_to_end(answer.lines, answer.options)
    if not REWRITTEN.isdisjoint(named):
        lines = mapped_back(lines, routed.upstream, entrance)
    if answer.is_chunked:
        if is_http_1_0:
            lines = [found for found in lines if found[1].lower() != "trailer"]
        else:
            extra = f"Transfer-Encoding: chunked\r\n{extra}"
    if answer.status == UPGRADE_REQUIRED and not is_http_1_0:
        extra += _upgrade_lines(answer)
    return (
        f"HTTP/1.1 {answer.status} {answer.reason}\r\n{_joined(lines)}{extra}\r\n"
    ).encode("latin-1")


def switch_head(answer: Answer, *, extra: str) -> bytes:
    """101; of it, and of 426, Upgrade passes on."""
    lines = headers.end_to_end(answer.lines, answer.options)
    return (
        f"HTTP/1.1 101 {answer.reason}\r\n{_joined(lines)}{extra}"
        f"{_upgrade_lines(answer)}\r\n"
    ).encode("latin-1")


def interim_head(answer: Answer) -> bytes:
    lines = headers.end_to_end(answer.lines, answer.options)
    head = f"HTTP/1.1 {answer.status} {answer.reason}\r\n{_joined(lines)}\r\n"
    return head.encode("latin-1")


def _upgrade_lines(answer: Answer) -> str:
    """To what the upstream has switched, or would."""
    upgrade = [found for found in answer.lines if found[1].lower() == "upgrade"]
    return f"Connection: upgrade\r\n{_joined(upgrade)}"


def _joined(lines: Lines) -> str:
    return "".join([found[0] for found in lines])


@lru_cache(maxsize=4096)
def _origin(peer: str, host: str, prefix: str) -> str:
    """What is said of where a request came from, when nothing was said before."""
    return _joined(
        headers.forwarded([], peer=peer, host=host, proto="http", prefix=prefix)
    )


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
