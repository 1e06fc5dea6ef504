"""A sensitive name, in all the ways it may be spelled."""

import re
from functools import lru_cache
from typing import Final

MAX_KNOWN: Final = 10_000
SEPARATOR: Final = re.compile("[-_]")
SIGNS: Final = (b"-", b"_")
QUOTE: Final = b'"'
# An escaped letter, digit, - or _: only where a name is to be hidden.
HIDDEN: Final = re.compile(
    rb"\\u00(?:2[dD]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA])"
)
# Texts of which each of these has one.
ESCAPED: Final = frozenset(
    rb"\u00" + place
    for place in (b"2d", b"4", b"5", b"6", b"7", *[b"3%d" % n for n in range(10)])
)
# What begins so far as a sensitive name does is read at length. More letters make more
# texts to look for; with fewer that would be read which has a `current_page`.
MAX_LETTERS: Final = 8
MORE_LETTERS: Final = 2
FEW_LETTERS: Final = 4


def fold(name: str) -> str:
    """`Access-Token`, `access_token` and `accessToken` are one name."""
    return name.strip().lower().replace("-", "").replace("_", "")


class Spelled:
    """A name as a member of JSON: folded, and as most would spell it."""

    __slots__ = ("any_way", "folded", "plainly")

    def __init__(self, name: str) -> None:
        folded = fold(name)
        self.folded = b'"%b"' % folded.encode()
        joined = {sign.join(_words(name)) for sign in ("", "-", "_")}
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
def spelled(name: str) -> Spelled:
    """Made once of a name: hundreds are in each list, and most are the same ones."""
    return Spelled(name)


def beginnings(name: str) -> set[bytes]:
    """Texts of which each string of JSON that is *name*, however spelled, has one.

    Its first letters, with or without a sign between its words; or as far as to the
    first sign that stands elsewhere, and some of what follows that.
    """
    words = _words(name)
    places = {len("".join(words[:n])) for n in range(1, len(words))}
    letters = [*[letter.encode() for letter in "".join(words)], QUOTE]
    found, begun = set[bytes](), [QUOTE]
    for at, letter in enumerate(letters[:MAX_LETTERS]):
        signed = [each + sign for each in begun for sign in SIGNS]
        if at in places:
            found.update([each + sign for each in signed for sign in SIGNS])
            begun += signed
        else:
            rest = letters[at : max(at + 1, FEW_LETTERS)]
            for each in signed:
                found |= _further(each, rest)
            if at == 0:
                # As GraphQL's `__typename` begins, which is everywhere.
                found.remove(b'"__')
                found |= _further(b'"__', rest)
        begun = [each + letter for each in begun]
    rest = letters[MAX_LETTERS : MAX_LETTERS + MORE_LETTERS]
    return found.union(*[_further(each, rest) for each in begun])


def _further(begun: bytes, letters: list[bytes]) -> set[bytes]:
    """All of *letters*, or some of them and a sign."""
    found = set[bytes]()
    for letter in letters:
        found.update([begun + sign for sign in SIGNS])
        begun += letter
    return found | {begun}


def _words(name: str) -> list[str]:
    return [word for word in SEPARATOR.split(name.strip().lower()) if word]
