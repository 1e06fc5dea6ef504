"""Elements of a JSON array, told apart by a parser, many at once."""

from typing import Final

import msgspec

SPACE: Final = b" \t\r\n"
PARSER: Final = msgspec.json.Decoder(list[msgspec.Raw])


def elements(content: bytes, start: int, opening: bytes) -> tuple[list[bytes], int]:
    """Those of *content* from *start* on, where one begins, and where the next one
    does; none where that cannot be told.

    The next one is taken to be the last that begins with *opening*. What stands before
    it is a whole number of elements if it can be parsed as such: of what is cut within
    one, a bracket is open.
    """
    end = content.rfind(opening, start)
    before = content[start:end].rstrip(SPACE) if end > start else b""
    if not before.endswith(b","):
        return [], start
    try:
        found = PARSER.decode(b"[%b]" % before[:-1])
    except (msgspec.DecodeError, RecursionError):
        return [], start
    return [bytes(each) for each in found], end
