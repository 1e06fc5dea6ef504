"""Octets of HTTP/1.1: what stands in a name, in a value, in a target (RFC 9110 5)."""

import re
from typing import Final
from urllib.parse import quote

# RFC 9110 5.6.2; a pattern, to be part of others.
TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
IS_TOKEN: Final = re.compile(TOKEN)
UNSENDABLE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# What stands in a request target as it is; all else is percent-encoded.
VISIBLE: Final = "".join(chr(code) for code in range(0x21, 0x7F))


def sendable(url: str, *, is_bytes: bool) -> bytes:
    """A URL, or the end of one, as it can stand in a request.

    *is_bytes*: a character stands for a byte, as in what was captured.
    """
    try:
        raw = url.encode("latin-1" if is_bytes else "utf-8", "strict")
    except UnicodeEncodeError:
        raw = url.encode("utf-8", "replace")
    return quote(raw, safe=VISIBLE).encode("ascii")
