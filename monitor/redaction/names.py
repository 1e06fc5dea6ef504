"""Sensitive names, however they are spelled."""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

# Bytes in lower case; those that are left out tell spellings of one name apart, and
# the NUL bytes of UTF-16.
FOLDED: Final = bytes(range(256)).lower()
LEFT_OUT: Final = b"-_\0"
MAX_KNOWN: Final = 10_000
SEPARATOR: Final = re.compile("[-_]")
# What a server of OAuth hands out, and takes back; of itself it is a word of everyday.
BESIDE: Final = {"code": frozenset({"state", "granttype"})}


def fold(name: str) -> str:
    """`Access-Token`, `access_token` and `accessToken` are one name."""
    return name.strip().lower().replace("-", "").replace("_", "")


class Spelled:
    """A name as a member of JSON: folded, and as most would spell it."""

    __slots__ = ("any_way", "folded", "plainly")

    def __init__(self, name: str) -> None:
        folded = fold(name)
        self.folded = b'"%b"' % folded.encode()
        words = [word for word in SEPARATOR.split(name.strip().lower()) if word]
        joined = {sign.join(words) for sign in ("", "-", "_")}
        self.plainly = [f'"{each}"'.encode() for each in sorted(joined)]
        letters = b"[-_]*".join([re.escape(each.encode()) for each in folded])
        self.any_way = re.compile(b'"[-_]*%b[-_]*"' % letters)

    def places(self, lowered: bytes, count: int) -> list[tuple[int, int]]:
        """Where it stands, *count* times in all."""
        found = list[tuple[int, int]]()
        for spelling in self.plainly:
            at = lowered.find(spelling)
            while at >= 0:
                end = at + len(spelling)
                found.append((at, end))
                at = lowered.find(spelling, end)
        if len(found) == count:
            return found
        return [each.span() for each in self.any_way.finditer(lowered)]


@lru_cache(maxsize=MAX_KNOWN)
def _spelled(name: str) -> Spelled:
    """Made once of a name: hundreds are in each list, and most are the same ones."""
    return Spelled(name)


class Names:
    """Names without case, `-` and `_`; and what is sensitive only beside another."""

    __slots__ = (
        "_beside",
        "_flat",
        "_known",
        "_quoted",
        "_spelled",
        "_whole",
        "given",
    )

    def __init__(self, names: Iterable[str]) -> None:
        self.given = frozenset(names)
        spelled = {fold(name): _spelled(name) for name in sorted(self.given)}
        spelled.pop("", None)
        self._whole = frozenset(spelled)
        self._beside = BESIDE if spelled else {}
        self._flat = _stems(spelled.keys() | self._beside.keys())
        self._spelled = {name.encode(): spelled[name] for name in spelled}
        self._quoted = frozenset(self._spelled)
        self._known: dict[str, bool] = {}

    def also(self, names: Iterable[str]) -> "Names":
        more = self.given.union(names)
        return self if more == self.given else Names(more)

    def holds(self, name: str) -> bool:
        """`user[password]`, `token[]` and `login.password` count."""
        known = self._known.get(name)
        if known is None:
            known = self._holds(name)
            if len(self._known) < MAX_KNOWN and len(name) < 100:
                self._known[name] = known
        return known

    def may_be_in(self, content: bytes) -> bool:
        """Whether a list of pairs can have one of them, spelled plainly."""
        folded = content.translate(FOLDED, LEFT_OUT)
        # `in` asks first whether it is a number, which fails slowly.
        return any([folded.find(stem) >= 0 for stem in self._flat])

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
