"""Bodies that are cheap to send, and dear to take apart without a bound."""

import gzip
from collections.abc import Iterator

MIB = 1024 * 1024


def texts() -> Iterator[tuple[str, str, str]]:
    """A name, a content type and a text of some MiB, of each kind there is."""
    json, form = "application/json", "application/x-www-form-urlencoded"
    yield "nesting", json, "[" * MIB
    yield "closed nesting", json, "[" * 190 + "1" + "]" * 190
    yield "nested arrays of one", json, "[[1]," * MIB
    yield "width", json, "[" + "1," * (2 * MIB) + "1]"
    yield "objects", json, "[" + "{}," * MIB + "{}]"
    yield "members", json, "{" + ",".join(f'"{n}":{n}' for n in range(300_000)) + "}"
    yield "escapes", json, '"' + '\\"' * (2 * MIB)
    yield "lines of JSON", json, "1\n" * MIB
    yield "line feeds", "text/plain", "\n" * (8 * MIB)
    yield "many breaks", "text/plain", "\r\v\f\x1c\u2028" * MIB
    yield "one line", "text/plain", "x" * (8 * MIB)
    yield "repetition", "text/plain", "a\nb\n" * MIB
    yield "fields", form, "a=1&" * MIB
    parts = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 40_000
    yield "parts", "multipart/form-data; boundary=b", parts + "--b--\r\n"


def coded(text: str) -> bytes:
    return gzip.compress(text.encode(), compresslevel=6)
