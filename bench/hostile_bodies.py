"""Small messages that cost much where nothing bounds what is made of them."""

import gzip
import json

MIB = 1 << 20
# Of plain content; what is coded is a few kilobytes of it.
LARGE = 4 * MIB
COUNT = 150_000


def texts() -> dict[str, tuple[str, bytes]]:
    """By name: a media type and content, plain."""
    return {
        "nested lists": ("application/json", b"[" * MIB + b"]" * MIB),
        "nested objects": (
            "application/json",
            b'{"a":' * 300_000 + b"1" + b"}" * 300_000,
        ),
        "nested a little": (
            "application/json",
            b"[" + b",".join([b'{"a":' * 90 + b"1" + b"}" * 90] * 3_000) + b"]",
        ),
        "numbers": ("application/json", b"[" + b"1," * (LARGE // 2) + b"1]"),
        "empty objects": ("application/json", b"[" + b"{}," * (LARGE // 3) + b"{}]"),
        "names": (
            "application/json",
            json.dumps({f"n{n}": n for n in range(COUNT)}).encode(),
        ),
        "escapes": ("application/json", b'["' + b"\\u0061" * (LARGE // 6) + b'"]'),
        "line feeds": ("text/plain", b"\n" * LARGE),
        "one line": ("text/plain", b"a" * LARGE),
        "a form": ("application/x-www-form-urlencoded", b"a=1&" * (LARGE // 4)),
        "tags": ("text/html", b"<a>" * (LARGE // 3)),
        "URLs": ("text/plain", b"http://a:b@c/?token=1 " * (MIB // 22)),
    }


def coded() -> dict[str, tuple[str, bytes]]:
    """The same, gzip: what a client sends in a moment."""
    return {name: (kind, gzip.compress(text)) for name, (kind, text) in texts().items()}


def chunks() -> bytes:
    return b"1\r\nx\r\n" * COUNT + b"0\r\n\r\n"


def frames() -> bytes:
    """Pings, of a client: masked and empty."""
    return b"\x89\x80abcd" * COUNT


def events() -> bytes:
    return b"data\n\n" * COUNT


def hints() -> bytes:
    return b"HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n" * 900


def fields() -> bytes:
    return b"".join(b"a%d:1\r\n" % n for n in range(7_000))


def archive() -> bytes:
    """A HAR whose entry is nested, and is wide."""
    entry = b'{"request":{"method":"GET","url":"http://a/"},"x":%b}'
    wide = entry % (b"[" + b"{}," * 200_000 + b"{}]")
    deep = entry % (b"[" * 100_000)
    return b'{"log":{"entries":[' + wide + b"," + deep + b"]}}"
