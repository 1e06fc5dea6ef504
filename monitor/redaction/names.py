"""Sensitive names, however they are spelled."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

from monitor.redaction.finder import Finder
from monitor.redaction.spelled import ESCAPED, Spelled, beginnings, fold, spelled

# Bytes in lower case; those that are left out tell spellings of one name apart, and
# the NUL bytes of UTF-16.
FOLDED: Final = bytes(range(256)).lower()
LEFT_OUT: Final = b"-_\0"
MAX_KNOWN: Final = 10_000
# Of a service's own; for more of them nothing is found quickly.
MAX_OWN: Final = 16
# Settings name two lists; tests have some more.
MAX_FINDERS: Final = 8
# What separates a name in a URL from its value, or from the rest of a name: all one.
URL_FOLDED: Final = FOLDED.translate(
    bytes.maketrans(b"+.[ \t\n\v\f\r\x1c\x1d\x1e\x1f", b"=" * 13)
)
ENDS: Final = (b"=", b"%")
URL_LEFT_OUT: Final = b"-_]"
MAX_URL_LENGTH: Final = 4096
PLAIN: Final = re.compile("[a-z0-9]+")
CODED: Final = re.compile("[%+;]")
# In URLs: what is before a host, and letters, digits and signs that are encoded, which
# no client does but to hide them, or because they were encoded before.
UNREADABLE: Final = frozenset(
    [
        *(b"@", b"%40", b"%3d", b"%25", b"%2d", b"%5f", b"%4", b"%6"),
        *(b"%%3%d" % n for n in range(10)),
        *(b"%%5%c" % n for n in b"0123456789a"),
        *(b"%%7%c" % n for n in b"0123456789a"),
        # KELVIN SIGN, which is a k in lower case; and it as latin-1 that was encoded.
        *(b"%e2%84%aa", b"%c3%a2%c2%84%c2%aa"),
    ]
)
# What a server of OAuth hands out, and takes back; of itself it is a word of everyday.
BESIDE: Final = {"code": frozenset({"state", "granttype"})}


class Names:
    """Names without case, `-` and `_`; and what is sensitive only beside another."""

    __slots__ = (
        "_begun",
        "_beside",
        "_flat",
        "_in_urls",
        "_known",
        "_ordinary",
        "_own",
        "_quoted",
        "_spelled",
        "_stems",
        "_whole",
        "given",
    )

    def __init__(
        self, names: Iterable[str], *, in_bodies: bool = False, in_urls: bool = False
    ) -> None:
        """*in_bodies* and *in_urls*: where they will be looked for all the time, so
        that what finds them quickly may take its time to be made."""
        self.given = frozenset(names)
        by_fold = {fold(name): spelled(name) for name in sorted(self.given)}
        by_fold.pop("", None)
        self._whole = frozenset(by_fold)
        self._beside = BESIDE if by_fold else {}
        self._flat = _stems(by_fold.keys() | self._beside.keys())
        self._spelled = {name.encode(): by_fold[name] for name in by_fold}
        self._quoted = frozenset(self._spelled)
        self._known: dict[str, bool] = {}
        self._begun: Finder | None = None
        self._stems: Finder | None = None
        self._ordinary: dict[str, bool] = {}
        # Names that none of the finders knows.
        self._own: list[bytes] = []
        self._in_urls: Finder | None = None
        looked_for = by_fold.keys() | self._beside.keys()
        if in_urls and all([PLAIN.fullmatch(name) for name in looked_for]):
            texts = [name.encode() + end for name in looked_for for end in ENDS]
            self._in_urls = _finder(UNREADABLE.union(texts))
        if in_bodies and by_fold:
            begun = [beginnings(name) for name in self.given if fold(name)]
            self._begun = _finder(frozenset(ESCAPED.union(*begun)))
            self._stems = _finder(frozenset(self._flat))

    def also(self, names: Iterable[str]) -> "Names":
        more = self.given.union(names)
        if more == self.given:
            return self
        made = Names(more)
        made._find_beside(self)
        return made

    def _find_beside(self, known: "Names") -> None:
        """Use what finds *known*, and look for the few others one by one."""
        others = self._whole.union(self._beside) - known._whole.union(known._beside)
        own = [*known._own, *[name.encode() for name in sorted(others)]]
        if len(own) > MAX_OWN:
            return
        self._own = own
        self._begun, self._stems = known._begun, known._stems
        if all([PLAIN.fullmatch(name) for name in others]):
            self._in_urls = known._in_urls

    def holds(self, name: str) -> bool:
        """`user[password]`, `token[]` and `login.password` count."""
        known = self._known.get(name)
        if known is None:
            known = self._holds(name)
            if len(self._known) < MAX_KNOWN and len(name) < 100:
                self._known[name] = known
        return known

    def is_ordinary(self, name: str) -> bool:
        """Whether a parameter that is so called, alone, is surely not sensitive."""
        known = self._ordinary.get(name)
        if known is None:
            known = not (CODED.search(name) or self.holds(name))
            known = known and self.beside(name) is None
            if len(self._ordinary) < MAX_KNOWN and len(name) < 100:
                self._ordinary[name] = known
        return known

    def may_be_in(self, content: bytes) -> bool:
        """Whether a list of pairs can have one of them, spelled plainly."""
        folded = content.translate(FOLDED, LEFT_OUT)
        if self._stems is not None:
            found = any([folded.find(name) >= 0 for name in self._own])
            return found or self._stems.is_in(folded)
        # `in` asks first whether it is a number, which fails slowly.
        return any([folded.find(stem) >= 0 for stem in self._flat])

    def may_be_quoted_in(self, content: bytes) -> bool:
        """Whether JSON can have one of them as a whole string, however spelled."""
        if self._begun is None or content.find(b"\0") >= 0:
            return True
        if self._begun.is_in(content):
            return True
        if not self._own:
            return False
        folded = content.translate(FOLDED, LEFT_OUT)
        return any([folded.find(b'"%b"' % name) >= 0 for name in self._own])

    def may_be_in_url(self, text: str) -> bool:
        """Whether one of them can be a name in *text*, a URL or some; or something in
        it is no name's value and to be masked all the same: userinfo, or a URL that is
        encoded."""
        if self._in_urls is None or len(text) > MAX_URL_LENGTH or not text.isascii():
            return True
        folded = text.encode().translate(URL_FOLDED, URL_LEFT_OUT)
        if folded.find(b"%") >= 0:
            folded = folded.replace(b"%5d", b"")
        found = [folded.find(name + end) >= 0 for name in self._own for end in ENDS]
        return any(found) or self._in_urls.is_in(folded)

    def quoted_in(self, content: bytes) -> list[tuple[Spelled, int]]:
        """Those that stand in JSON as whole strings, spelled plainly, and how often.

        It takes as much time for one name as for all.
        """
        folded = content.translate(FOLDED, LEFT_OUT)
        there = self._quoted.intersection(folded.split(b'"'))
        found = list[tuple[Spelled, int]]()
        for name in sorted(there):
            spelled = self._spelled[name]
            count = folded.count(spelled.folded)
            if count:
                found.append((spelled, count))
        return found

    def beside(self, name: str) -> frozenset[str] | None:
        """Of which one has to stand beside *name* for it to be sensitive, folded."""
        return self._beside.get(fold(name)) if self._beside else None

    def _holds(self, name: str) -> bool:
        if not name.isascii():
            name = _readable(name)
        folded = fold(name)
        if folded in self._whole:
            return True
        if "[" not in folded and "." not in folded:
            return False
        parts = folded.replace("]", "").replace(".", "[").split("[")
        return any([part.strip() in self._whole for part in parts])


@lru_cache(maxsize=MAX_FINDERS)
def _finder(texts: frozenset[bytes]) -> Finder:
    return Finder(texts)


def _stems(names: AbstractSet[str]) -> list[bytes]:
    """Where none of these is, no name is."""
    stems = list[bytes]()
    for name in sorted(names, key=len):
        content = name.encode()
        if not any([stem in content for stem in stems]):
            stems.append(content)
    return stems


def _readable(name: str) -> str:
    """UTF-8 that was read as latin-1."""
    try:
        return name.encode("latin-1").decode()
    except UnicodeError:
        return name
