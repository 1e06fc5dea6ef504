"""Requests: what a client asked, how its head is framed and meant."""

import re
from time import perf_counter
from typing import Final

from proxy.http1 import headers
from proxy.http1.bodies import Body, Chunked, Sized, Take
from proxy.http1.headers import Named
from proxy.http1.heads import RequestLine
from proxy.http1.lines import KNOWN, Malformed

# RFC 9110 7.6.2: those whose way may be limited.
COUNTED: Final = frozenset({"OPTIONS", "TRACE"})
ABSOLUTE: Final = re.compile(r"https?://[^/?]", re.IGNORECASE)


class RequestFields:
    """What the lines of a head say.

    A client's requests often have the same lines; then what they mean is known, and so
    is what goes upstream of them: *forwarded*, for the service and prefix beside it.
    """

    __slots__ = (
        "carries_login",
        "forwarded",
        "host",
        "is_http_1_0",
        "keeps_alive",
        "length",
        "lines",
        "named",
        "options",
    )

    def __init__(self, content: bytes, *, is_http_1_0: bool) -> None:
        """*content*: all behind the request line. Raises Malformed for what two
        readers could understand differently."""
        self.is_http_1_0 = is_http_1_0
        self.lines = KNOWN.of(content)
        self.named: Named = headers.named(self.lines)
        self.forwarded: tuple[object, str, bytes] | None = None
        self.host = self._host()
        self.length = self._length()
        self.options = headers.options(self.named)
        self.carries_login = headers.log_in(self.lines, "authorization")
        self.keeps_alive = headers.keeps_alive(self.options, is_http_1_0)

    def _host(self) -> str:
        """RFC 9112 3.2."""
        hosts = self.named.get("host", [])
        if len(hosts) > 1 or (not hosts and not self.is_http_1_0):
            raise Malformed("there must be one Host")
        host = hosts[0] if hosts else ""
        if not headers.is_authority(host):
            raise Malformed("Host is no name with a port")
        return host

    def _length(self) -> int | None:
        """Of the body; None where it is chunked (RFC 9112 6.3)."""
        codings = self.named.get("transfer-encoding")
        lengths = self.named.get("content-length")
        if codings:
            if lengths or self.is_http_1_0 or not headers.is_chunked(codings):
                raise Malformed("the length of the body is ambiguous")
            return None
        if lengths is None:
            return 0
        if len(lengths) > 1 or not headers.LENGTH.fullmatch(lengths[0]):
            raise Malformed("the length of the body is ambiguous")
        return int(lengths[0])


class Request:
    """*authority* and *target*: what is asked for, in whichever form it was asked."""

    __slots__ = (
        "authority",
        "began",
        "client_target",
        "fields",
        "host",
        "is_http_1_0",
        "keeps_alive",
        "method",
        "named",
        "peer",
        "taken",
        "target",
    )

    def __init__(
        self, line: RequestLine, fields: RequestFields, *, peer: str, began: float
    ) -> None:
        """Raises Malformed where the target is none of RFC 9112 3.2."""
        self.method = line.method
        self.client_target = line.target
        self.fields = fields
        self.is_http_1_0 = fields.is_http_1_0
        self.keeps_alive = fields.keeps_alive
        self.named = fields.named
        self.host = fields.host
        self.peer = peer
        self.began = began
        self.taken = perf_counter()
        if line.target.startswith("/") or line.method == "CONNECT":
            self.authority, self.target = fields.host, line.target
        else:
            self._take_other_form(line.target)

    def text(self, name: str) -> str | None:
        """A field's values, joined (RFC 9110 5.3)."""
        found = self.named.get(name)
        return ", ".join(found) if found else None

    @property
    def client_url(self) -> str:
        """What the client asked for, as a URL."""
        target = self.client_target
        if target.startswith("/"):
            return f"http://{self.host}{target}"
        return f"http://{self.host}" if target == "*" else target

    @property
    def hops(self) -> int | None:
        """How often it may be forwarded; None: as often as need be."""
        if self.method not in COUNTED:
            return None
        found = self.named.get("max-forwards")
        return int(found[0]) if found and headers.LENGTH.fullmatch(found[0]) else None

    @property
    def upgrade(self) -> str | None:
        """The protocols it may switch to (RFC 9110 7.8: not from HTTP/1.0)."""
        if self.is_http_1_0 or "upgrade" not in self.fields.options:
            return None
        upgrade = self.text("upgrade")
        return headers.opaque_protocols(upgrade) if upgrade else None

    @property
    def expects_continue(self) -> bool:
        expected = self.text("expect")
        return (
            expected is not None
            and not self.is_http_1_0
            and expected.lower() == "100-continue"
        )

    @property
    def takes_trailers(self) -> bool:
        te = self.text("te")
        return te is not None and "trailers" in te.lower()

    @property
    def has_body(self) -> bool:
        return self.fields.length != 0

    def body(self, take: Take) -> Body | None:
        length = self.fields.length
        if length is None:
            return Chunked(take)
        return Sized(length, take) if length else None

    def _take_other_form(self, target: str) -> None:
        if ABSOLUTE.match(target) is None and (
            target != "*" or self.method != "OPTIONS"
        ):
            raise Malformed("the target is neither a path nor an http URL")
        self.authority, self.target = split_target(target, self.host)
        if not headers.is_authority(self.authority):
            raise Malformed("the target names no host with a port")
        if self.target == "/" and self.method == "OPTIONS":
            self.target = _options_target(target)


def _options_target(target: str) -> str:
    """RFC 9112 3.2.4: a URL without a path asks about the server as a whole."""
    return "/" if target.endswith("/") else "*"


def split_target(target: str, host: str) -> tuple[str, str]:
    """The authority asked for and the target without it (RFC 9112 3.2.2)."""
    if target.startswith("/") or target == "*":
        return host, target
    _, _, rest = target.partition("://")
    for position, character in enumerate(rest):
        if character in "/?":
            authority, path = rest[:position], rest[position:]
            return authority, path if path.startswith("/") else f"/{path}"
    return rest, "/"
