"""A recorded request as a command for a POSIX shell."""

import base64
import json
import shlex

from monitor.content.body import as_text, field_value
from monitor.logs.display import pairs, readable
from monitor.logs.log import LogDetail
from monitor.registry.base_url import on_socket
from monitor.replay.sendable import of_body, of_header, of_url
from monitor.traffic.exchange import Source
from monitor.traffic.header_names import OF_SENDER, OURS, connection_options
from monitor.traffic.wire import sendable

# Set by curl itself, or about the connection (RFC 9110 7.6.1).
LEFT_OUT = OF_SENDER
# What curl adds unless it is told not to.
ADDED = ("User-Agent", "Accept")
# One argument of a command may have 128 KiB (Linux, MAX_ARG_STRLEN).
MAX_ARGUMENT_LENGTH = 100_000


def curl_command(detail: LogDetail) -> str:
    """What was sent upstream, with comments above it that name what is masked or not
    kept.

    Where the service has no `preserve_host`, curl makes Host of the URL.
    """
    notes: list[str] = []
    item = detail.item
    if (reason := of_url(item)) is not None:
        notes.append(f"{reason}: put in what is to be sent")
    body, body_notes = _body(detail)
    if body and item.method == "HEAD":
        body_notes.append("curl ends with 63 where the answer tells a length")
    left_out = LEFT_OUT if detail.keeps_host else LEFT_OUT | {"host"}
    if detail.request_body.is_decoded:
        left_out |= {"content-encoding"}
    headers = _headers(detail, notes, left_out, has_body=body is not None)
    notes += body_notes
    arguments = [*_method(item.method, has_body=bool(body)), *_url(detail)]
    pieces = [" ".join(["curl", *arguments]), *headers]
    before = ""
    if body is not None:
        before, data = _data(body)
        pieces.append(data)
    command = before + " \\\n  ".join(pieces)
    return "".join(f"# {note}\n" for note in notes) + command + "\n"


def _method(method: str, *, has_body: bool) -> list[str]:
    """With -X HEAD curl waits for a body, with --head it sends none."""
    if method != "HEAD":
        return ["-X", shlex.quote(method)]
    # What is longer is not waited for.
    return (
        ["-X", "HEAD", "--include", "--max-filesize", "1"] if has_body else ["--head"]
    )


def _url(detail: LogDetail) -> list[str]:
    """With --path-as-is and the like, which let it be what it is."""
    url = detail.item.url
    as_it_is = ["--globoff", "--path-as-is"]
    if detail.item.path == "*":
        # RFC 9112 3.2.4: a request for the server as a whole.
        as_it_is += ["--request-target", "'*'"]
    is_bytes = detail.item.source is not Source.INGEST
    socket = []
    if is_bytes and (found := on_socket(url)) is not None:
        socket = ["--unix-socket", shlex.quote(found[0])]
        url = f"http://localhost{found[1]}"
    return [
        *as_it_is,
        *socket,
        shlex.quote(sendable(url, is_bytes=is_bytes).decode("ascii")),
    ]


def _headers(
    detail: LogDetail,
    notes: list[str],
    left_out: frozenset[str],
    *,
    has_body: bool,
) -> list[str]:
    lines: list[str] = []
    names: set[str] = set()
    given = _pairs(detail)
    left_out |= connection_options(given)
    for name, value in given:
        names.add(name.lower())
        if name.lower() in left_out or name.lower().startswith(OURS):
            continue
        if (reason := of_header(name, value)) is not None:
            notes.append(f"the header {json.dumps(name)} {reason}")
        else:
            # An empty value is spelled with a semicolon.
            text = f"{name}: {value}" if value.strip() else f"{name};"
            lines.append(f"-H {_quoted(text)}")
    added = (*ADDED, "Content-Type") if has_body else ADDED
    if "accept-encoding" in names - left_out:
        lines.insert(0, "--compressed")
    lines += [f"-H {name}:" for name in added if name.lower() not in names]
    return lines


def _pairs(detail: LogDetail) -> list[tuple[str, str]]:
    """Captured ones as latin-1, a character a byte; pushed ones as text."""
    headers = detail.request_headers
    return pairs(headers) if isinstance(headers, dict) else list(headers)


def _quoted(text: str) -> str:
    """As one word; a byte that is no UTF-8 is made by printf."""
    meant = readable(text)
    if meant != text or text.isascii() or not _is_latin_1(text):
        return shlex.quote(meant)
    return '"$(printf ' + shlex.quote(_octal(text)) + ')"'


def _is_latin_1(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def _octal(text: str) -> str:
    """For printf: all but plain characters as octal escapes."""
    return "".join(
        character
        if character.isalnum() and character.isascii()
        else f"\\{ord(character):03o}"
        for character in text
    )


def _body(detail: LogDetail) -> tuple[bytes | None, list[str]]:
    stored = detail.request_body
    notes: list[str] = [*of_body(detail)]
    if stored.state.is_absent:
        return None, notes
    if stored.content is None:
        return _empty(detail), notes
    if stored.is_decoded and field_value(detail.request_headers, "content-encoding"):
        notes.append("the body was kept decoded: its Content-Encoding is left out")
    return stored.content or _empty(detail), notes


def _empty(detail: LogDetail) -> bytes | None:
    """A body of no bytes, where its length was said: many servers ask for that."""
    said = field_value(detail.request_headers, "content-length")
    is_whole = not detail.request_body.is_gone and not detail.request_body.truncated
    return b"" if said == "0" and is_whole and detail.item.method != "HEAD" else None


def _data(body: bytes) -> tuple[str, str]:
    """What stands before the command, and its own arguments."""
    text = as_text(body)
    if text is not None and len(body) <= MAX_ARGUMENT_LENGTH:
        return "", f"--data-raw {shlex.quote(text)}"
    coded = base64.b64encode(body).decode()
    return f"printf %s {coded} | base64 -d | ", "--data-binary @-"
