"""What a client asked: how its head is framed and meant."""

import re
import time

from proxy import headers
from proxy.bodies import Body, Chunked, Sized, Take
from proxy.headers import FORWARDED, HOP_BY_HOP, Named
from proxy.heads import Malformed, RequestHead
from proxy.routing import split_target

KINDS = headers.looked_at(
    HOP_BY_HOP | FORWARDED | {"host", "content-length", "expect", "cookie", "via"}
)
ABSOLUTE = re.compile(r"https?://[^/?]", re.IGNORECASE)
LENGTH = re.compile(r"[0-9]{1,18}")


class Request:
    """*authority* and *target*: what is asked for, in whichever form it was asked."""

    __slots__ = (
        "authority",
        "began",
        "client_target",
        "host",
        "is_http_1_0",
        "keeps_alive",
        "lines",
        "method",
        "named",
        "options",
        "peer",
        "taken",
        "target",
    )

    def __init__(self, head: RequestHead, *, peer: str, began: float) -> None:
        """Raises Malformed where the head is ambiguous."""
        self.method = head.method
        self.client_target = head.target
        self.is_http_1_0 = head.is_http_1_0
        self.lines = head.lines
        self.peer = peer
        self.began = began
        self.taken = time.perf_counter()
        self.named: Named = headers.named(head.lines, KINDS)
        self.host = self._host()
        self.options = headers.options(self.named)
        self.keeps_alive = "close" not in self.options and (
            not head.is_http_1_0 or "keep-alive" in self.options
        )
        self.authority, self.target = split_target(head.target, self.host)
        if self.target == "/" and self.method == "OPTIONS":
            self.target = _options_target(head.target)

    def text(self, name: str) -> str | None:
        """A field's values, joined (RFC 9110 5.3)."""
        found = self.named.get(name)
        return ", ".join(found) if found else None

    @property
    def upgrade(self) -> str | None:
        """The protocols it would switch to (RFC 9110 7.8: not from HTTP/1.0)."""
        if self.is_http_1_0 or "upgrade" not in self.options:
            return None
        return self.text("upgrade")

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
    def client_url(self) -> str:
        """What the client asked for, as a URL."""
        target = self.client_target
        if target.startswith("/"):
            return f"http://{self.host}{target}"
        return f"http://{self.host}" if target == "*" else target

    @property
    def has_body(self) -> bool:
        lengths = self.named.get("content-length")
        return "transfer-encoding" in self.named or (
            lengths is not None and lengths != ["0"]
        )

    def check(self) -> None:
        """Raises Malformed where two readers could understand it differently."""
        target = self.client_target
        if not (target.startswith("/") or ABSOLUTE.match(target)) and (
            target != "*" or self.method != "OPTIONS"
        ):
            raise Malformed("the target is neither a path nor an http URL")
        for authority in {self.host, self.authority}:
            if not headers.is_authority(authority):
                raise Malformed("Host is no name with a port")
        codings = self.named.get("transfer-encoding")
        lengths = self.named.get("content-length")
        if codings and (
            lengths or self.is_http_1_0 or [c.lower() for c in codings] != ["chunked"]
        ):
            raise Malformed("the length of the body is ambiguous")
        if lengths and (len(lengths) > 1 or not LENGTH.fullmatch(lengths[0])):
            raise Malformed("the length of the body is ambiguous")

    def body(self, take: Take) -> Body | None:
        """RFC 9112 6.3."""
        if "transfer-encoding" in self.named:
            return Chunked(take)
        lengths = self.named.get("content-length")
        return Sized(int(lengths[0]), take) if lengths and int(lengths[0]) else None

    def _host(self) -> str:
        """RFC 9112 3.2."""
        hosts = self.named.get("host")
        if hosts is None:
            if not self.is_http_1_0:
                raise Malformed("there must be one Host")
            return ""
        if len(hosts) > 1:
            raise Malformed("there must be one Host")
        return hosts[0]


def _options_target(target: str) -> str:
    """RFC 9112 3.2.4: a URL without a path asks about the server as a whole."""
    return "/" if target.endswith("/") else "*"
