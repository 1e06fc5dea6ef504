"""How URLs are masked, alone, among words and in their parts."""

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote_plus

from monitor.json_masking import MASK
from monitor.work import TooMuch, Work

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
# What a parameter costs besides its bytes, and a word.
PARAMETER_NODES: Final = 6
WORD_NODES: Final = 10
# A name that is percent-encoded.
CODED_NODES: Final = 30
# Each byte is looked at that often, compared with a body's.
PASSES: Final = 4


class UrlMask:
    """Masks the URLs of one exchange. *withheld*: how many were too much work.

    Of those only what stands before the query is kept.
    """

    def __init__(self, sensitive: frozenset[str], work: Work) -> None:
        self._sensitive = sensitive
        self._work = work
        # The URL sent and the one that the client asked for share their query.
        self._known: dict[str, str] = {}
        self.withheld = 0

    def url(self, url: str) -> str:
        """*url*, the same object where nothing is to be masked."""
        if "@" not in url and "=" not in url:
            return url
        cut = QUERY.search(url)
        start = cut.start() if cut else len(url)
        masked = self._head(url[:start]) + self._tail(url[start:])
        return url if masked == url else masked

    def reference(self, value: Any) -> Any:
        """A URL, or one relative to a scheme (RFC 3986 4.2)."""
        if not isinstance(value, str):
            return value
        if value.startswith("//"):
            return self.url(f"x:{value}")[2:]
        return self.url(value)

    def text(self, text: Any) -> Any:
        """URLs among other words."""
        if not isinstance(text, str) or ("@" not in text and "=" not in text):
            return text
        at_most = text.count("=") + text.count("@")
        if not self.may(WORD_NODES * at_most, len(text)):
            return MASK
        return WORD.sub(lambda word: self.url(word[0]), text)

    def parameter(self, value: Any) -> Any:
        """What a parser that splits at & alone leaves in a value: ;token=… and URLs."""
        if not isinstance(value, str) or ("@" not in value and "=" not in value):
            return value
        return self._tail(value) if self.may(1) else MASK

    def parameters(self, params: dict[str, Any]) -> dict[str, Any]:
        if not params:
            return params
        count = len(params) + sum([len(v) for v in params.values() if type(v) is list])
        if not self.may(PARAMETER_NODES * count):
            return dict.fromkeys(params, MASK)
        try:
            return {
                name: each(value, mask_all)
                if self.is_sensitive(name)
                else each(value, self.parameter)
                for name, value in params.items()
            }
        except TooMuch:
            self.withheld += 1
            return dict.fromkeys(params, MASK)

    def is_sensitive(self, name: str) -> bool:
        return is_sensitive(name, self._sensitive, self._work)

    def _head(self, head: str) -> str:
        if "@" not in head:
            return head
        return USERINFO.sub(MASK, head) if self.may(0, len(head)) else MASK

    def _tail(self, tail: str) -> str:
        if "@" not in tail and "=" not in tail:
            return tail
        known = self._known.get(tail)
        if known is None:
            known = self._known[tail] = self._tail_anew(tail)
        return known

    def _tail_anew(self, tail: str) -> str:
        """Its first character tells a query from a fragment."""
        if not self.may(PARAMETER_NODES * tail.count("="), len(tail)):
            return tail[0] + MASK
        try:
            return self._query(tail)
        except TooMuch:
            self.withheld += 1
            return tail[0] + MASK

    def _query(self, query: str) -> str:
        pieces, kept = list[str](), 0
        for found in NAME.finditer(query):
            if found.start() < kept or not self.is_sensitive(found[0]):
                continue
            begin = found.end() + 1
            value = VALUE.match(query, begin)
            pieces += (NESTED_USERINFO.sub(MASK, query[kept:begin]), MASK)
            kept = value.end() if value else len(query)
        return "".join(pieces) + NESTED_USERINFO.sub(MASK, query[kept:])

    def may(self, nodes: int, size: int = 0) -> bool:
        """Whether there is work left for it; if not, it is to be withheld."""
        try:
            self._work.spend(nodes, PASSES * size)
        except TooMuch:
            self.withheld += 1
            return False
        return True


def is_sensitive(name: str, sensitive: frozenset[str], work: Work) -> bool:
    """`user[password]`, `token[]` and percent-encoded ones too. Raises TooMuch."""
    if "%" in name:
        work.spend(CODED_NODES, len(name) * CODED_NODES)
        name = unquote_plus(name)
    plain = name.replace("+", " ").strip().lower()
    if plain in sensitive:
        return True
    return "[" in plain and any(
        [part.strip() in sensitive for part in plain.replace("]", "").split("[")]
    )


def mask_all(_: Any) -> str:
    return MASK


def each(value: Any, change: Callable[[Any], Any]) -> Any:
    return (
        [change(item) for item in value] if isinstance(value, list) else change(value)
    )
