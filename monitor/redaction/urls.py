"""URLs, masked: alone, among words and in their parts."""

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, unquote, unquote_plus

from monitor.redaction.names import Names
from monitor.redaction.spelled import fold
from monitor.redaction.work import MaskingWork, TooMuch
from monitor.traffic.mask import MASK

WORD: Final = re.compile(r"[^\s<>\"']+")
USERINFO: Final = re.compile(r"(?<=://)[^/?#]*(?=@)")
# In a query, an unencoded & ends the URL that a parameter holds.
NESTED_USERINFO: Final = re.compile(r"(?<=://)[^/?#&;\s]*(?=@)")
# A name starts after a separator only: tried at each character, a long query without
# a = would take quadratic time. The ? of a URL that a parameter holds counts too.
NAME: Final = re.compile(r"(?<=[?&;#])[^=&;?#]+(?==)")
# Most servers take ; for a part of the value; it separates where a name follows.
VALUE: Final = re.compile(r"[^&;#]*(?:;(?![^=&;?#]+=)[^&;#]*)*")
QUERY: Final = re.compile("[?#]")
# `/a;jsessionid=1/b` (RFC 3986 3.3).
PATH_PARAMETER: Final = re.compile(r"(?<=;)([^=;/]+)=[^;/]*")
# A URL or a query within one, encoded so many times: its = or its @.
ENCODED: Final = re.compile("%(?:25)*(?:3[dD]|40)")
PIECE: Final = re.compile(r"[^?&;#=/]+")
MAX_TIMES: Final = 4
# What an error says of who it was.
CREDENTIALS: Final = re.compile(
    r"\b(Bearer|DPoP|Basic|Negotiate|NTLM|Token|ApiKey)(\s+|\s*[:=]\s*)([^\s\"',;<>]+)",
    re.IGNORECASE,
)
# Tried at the beginning of a word only: its dots and - are no beginnings.
PAIR: Final = re.compile(
    r"(?<![\w.\-])([\w.\-]++)([\"']?\s?[:=]\s?[\"']?)([^\s\"',;&<>]++)"
)
# What a parameter costs besides its bytes, a word, a name that is percent-encoded.
PARAMETER_NODES: Final = 6
WORD_NODES: Final = 10
CODED_NODES: Final = 30
# A piece that is encoded, each time that it is decoded.
PIECE_NODES: Final = 50
# Each byte is looked at that often, compared with a body's.
PASSES: Final = 4


class UrlMask:
    """Masks the URLs of one exchange. *withheld*: how many were too much work.

    Of those only what stands before the query is kept.
    """

    def __init__(self, names: Names, work: MaskingWork) -> None:
        self._names = names
        self._work = work
        # The URL sent and the one that the client asked for share their query.
        self._known: dict[str, str] = {}
        # The names of the query that was asked for last.
        self._asked: str | dict[str, Any] | None = None
        self._beside: frozenset[str] = frozenset()
        self.withheld = 0

    def url(self, url: str) -> str:
        """*url*, the same object where nothing is to be masked."""
        if is_plain(url):
            return url
        cut = QUERY.search(url)
        start = cut.start() if cut else len(url)
        masked = self._head(url[:start]) + self._tail(url[start:])
        return url if masked == url else masked

    def reference(self, value: Any) -> Any:
        """A URL, or one relative to a scheme (RFC 3986 4.2)."""
        if not isinstance(value, str) or is_plain(value):
            return value
        if not self._names.may_be_in_url(value):
            return value
        if value.startswith("//"):
            return self.url(f"x:{value}")[2:]
        return self.url(value)

    def text(self, text: Any) -> Any:
        """URLs among other words."""
        if not isinstance(text, str) or is_plain(text):
            return text
        at_most = text.count("=") + text.count("@") + text.count("%")
        if not self.may(WORD_NODES * at_most, len(text)):
            return MASK
        return WORD.sub(lambda word: self.url(word[0]), text)

    def error(self, text: str, headers: Names) -> str:
        """Words in which a library may repeat what it was given."""
        pairs = text.count("=") + text.count(":") + text.count(" ")
        if not self.may(WORD_NODES * pairs, len(text)):
            return MASK
        masked = CREDENTIALS.sub(_credentials, str(self.text(text)))
        return PAIR.sub(lambda found: self._pair(found, headers), masked)

    def parameter(self, value: Any) -> Any:
        """What a parser that splits at & alone leaves in a value: ;token=… and URLs."""
        if not isinstance(value, str) or is_plain(value):
            return value
        if not self.may(1):
            return MASK
        return self._tail(value) if "@" in value or "=" in value else self.url(value)

    def parameters(self, params: dict[str, Any]) -> dict[str, Any]:
        if not params:
            return params
        count = len(params) + sum([len(v) for v in params.values() if type(v) is list])
        if not self.may(PARAMETER_NODES * count):
            return dict.fromkeys(params, MASK)
        try:
            return {
                name: each(value, mask_all)
                if self._is_sensitive(name, params)
                else each(value, self.parameter)
                for name, value in params.items()
            }
        except TooMuch:
            self.withheld += 1
            return dict.fromkeys(params, MASK)

    def may(self, nodes: int, size: int = 0) -> bool:
        """Whether there is work left for it; if not, it is to be withheld."""
        try:
            self._work.spend(nodes, PASSES * size)
        except TooMuch:
            self.withheld += 1
            return False
        return True

    def _head(self, head: str) -> str:
        if is_plain(head):
            return head
        coded = 2 * MAX_TIMES * head.count("%")
        if not self.may(PARAMETER_NODES * head.count(";") + coded, len(head)):
            return MASK
        masked = USERINFO.sub(MASK, head) if "@" in head else head
        try:
            if ";" in masked:
                masked = PATH_PARAMETER.sub(self._path_parameter, masked)
            return self._without_encoded(masked)
        except TooMuch:
            self.withheld += 1
            return MASK

    def _path_parameter(self, found: re.Match[str]) -> str:
        name = found[1]
        return f"{name}={MASK}" if self._holds(name) else found[0]

    def _tail(self, tail: str) -> str:
        if is_plain(tail):
            return tail
        known = self._known.get(tail)
        if known is None:
            known = self._known[tail] = self._tail_anew(tail)
        return known

    def _tail_anew(self, tail: str) -> str:
        """Its first character tells a query from a fragment."""
        nodes = PARAMETER_NODES * tail.count("=") + 2 * MAX_TIMES * tail.count("%")
        if self.may(nodes, len(tail)):
            try:
                return self._without_encoded(self._query(tail))
            except TooMuch:
                self.withheld += 1
        return tail[0] + MASK

    def _query(self, query: str) -> str:
        pieces, kept = list[str](), 0
        for found in NAME.finditer(query):
            if found.start() < kept or not self._is_sensitive(found[0], query):
                continue
            begin = found.end() + 1
            value = VALUE.match(query, begin)
            pieces += (NESTED_USERINFO.sub(MASK, query[kept:begin]), MASK)
            kept = value.end() if value else len(query)
        return "".join(pieces) + NESTED_USERINFO.sub(MASK, query[kept:])

    def _without_encoded(self, text: str) -> str:
        """With what is sensitive in encoded URLs masked: they are encoded once then."""
        if "%" not in text or ENCODED.search(text) is None:
            return text
        return PIECE.sub(lambda found: self._piece(found[0]), text)

    def _piece(self, piece: str) -> str:
        if "%" not in piece or ENCODED.search(piece) is None:
            return piece
        plain = piece
        for _ in range(MAX_TIMES):
            self._work.spend(PIECE_NODES)
            plain = unquote(plain)
            # A query alone counts as well.
            masked = self._query(f"&{USERINFO.sub(MASK, plain)}")[1:]
            masked = PATH_PARAMETER.sub(self._path_parameter, masked)
            if masked != plain:
                return quote(masked, safe="*")
            if ENCODED.search(plain) is None:
                return piece
        return MASK

    def _is_sensitive(self, name: str, beside: str | dict[str, Any]) -> bool:
        """*beside*: the query, or the parameters, it is one of."""
        # Of `a=1&amp;token=2` a parser that splits at & alone makes `amp;token`.
        name = name.rpartition(";")[2]
        if self._holds(name):
            return True
        partners = self._names.beside(name)
        if partners is None:
            return False
        if self._asked is not beside:
            others = NAME.findall(beside) if isinstance(beside, str) else list(beside)
            self._asked = beside
            self._beside = frozenset([fold(other) for other in others])
        return not partners.isdisjoint(self._beside)

    def _holds(self, name: str) -> bool:
        if "%" in name:
            self._work.spend(CODED_NODES, len(name) * CODED_NODES)
            name = unquote_plus(name)
        return self._names.holds(name.replace("+", " "))

    def _pair(self, found: re.Match[str], headers: Names) -> str:
        name, sign, _ = found[1], found[2], found[3]
        is_sensitive = self._names.holds(name) or headers.holds(name)
        return f"{name}{sign}{MASK}" if is_sensitive else found[0]


def is_plain(url: str) -> bool:
    """Whether it has no parameter, no userinfo, and neither encoded."""
    if "@" in url or "=" in url:
        return False
    return "%" not in url or ENCODED.search(url) is None


def protocols(value: Any) -> Any:
    """Sec-WebSocket-Protocol, in which browsers send what other clients send in
    Authorization, for want of another place."""
    if not isinstance(value, str):
        return value
    made, is_next = list[str](), False
    for item in value.split(","):
        name = item.strip()
        is_secret = is_next or SECRET_PROTOCOL.search(name) is not None
        made.append(item.replace(name, MASK) if is_secret and name else item)
        is_next = fold(name) in ANNOUNCING
    return ",".join(made)


def _credentials(found: re.Match[str]) -> str:
    scheme, between, word = found[1], found[2], found[3]
    is_word = word.isalpha() and len(word) < (12 if fold(scheme) == "bearer" else 24)
    return found[0] if is_word else f"{scheme}{between}{MASK}"


def mask_all(_: Any) -> str:
    return MASK


def each(value: Any, change: Callable[[Any], Any]) -> Any:
    return (
        [change(item) for item in value] if isinstance(value, list) else change(value)
    )


# What follows one of these is what it announces.
ANNOUNCING: Final = frozenset(
    {
        *("accesstoken", "authorization", "auth", "bearer", "basic", "token", "jwt"),
        *("apikey", "xapikey", "authtoken", "idtoken", "openaiinsecureapikey"),
    }
)
# A JSON Web Token; a name that says so, and more; or no word that anybody would choose.
SECRET_PROTOCOL: Final = re.compile(
    r"^eyJ|(?i:bearer|token|jwt|api-?key|authorization|password|secret)[.:_-].{6}"
    r"|^[0-9a-fA-F]{24,}$|^(?=\S*[0-9])(?=\S*[A-Z])(?=\S*[a-z])\S{20,}$|^\S{48,}$"
)
