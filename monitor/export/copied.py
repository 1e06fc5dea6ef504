"""The recorded request, as far as it can be given to another client."""

import json
from dataclasses import dataclass, field

from monitor.content.body import field_value
from monitor.logs.display import pairs
from monitor.logs.log import LogDetail, StoredBody
from monitor.registry.base_url import on_socket
from monitor.replay.sendable import of_body, of_header, of_url
from monitor.traffic.exchange import Source
from monitor.traffic.fields import Fields, HeaderObject
from monitor.traffic.header_names import OF_SENDER, OURS, connection_options
from monitor.traffic.wire import sendable

Values = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedRequest:
    """*notes* are lines about what is missing; *socket*: of a Unix socket, its path.

    *body* is None where there was none, and where it is not kept.
    """

    method: str
    url: str
    headers: Values
    body: bytes | None
    socket: str | None = None
    notes: list[str] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return any(given.lower() == name for given, _ in self.headers)


def copied(detail: LogDetail) -> CopiedRequest:
    """Without what frames the message or is about its connection, and Host where the
    client makes it of the URL."""
    item, notes = detail.item, list[str]()
    if (reason := of_url(item)) is not None:
        notes.append(f"{reason}: put in what is to be sent")
    is_bytes = item.source is not Source.INGEST
    url, socket = item.url, None
    if is_bytes and (found := on_socket(url)) is not None:
        socket, url = found[0], f"http://localhost{found[1]}"
    headers = _headers(detail, notes)
    notes += of_body(detail)
    return CopiedRequest(
        method=item.method,
        url=sendable(url, is_bytes=is_bytes).decode("ascii"),
        headers=headers,
        body=_body(detail.request_body, detail.request_headers),
        socket=socket,
        notes=notes,
    )


def _headers(detail: LogDetail, notes: list[str]) -> Values:
    given, is_text = _given(detail.request_headers)
    left_out = OF_SENDER | connection_options(given)
    if not detail.keeps_host:
        left_out |= {"host"}
    if detail.request_body.is_decoded:
        left_out |= {"content-encoding"}
    made: Values = []
    for name, value in given:
        lower = name.lower()
        if lower in left_out or lower.startswith(OURS):
            continue
        if (reason := of_header(name, value)) is not None:
            notes.append(f"the header {json.dumps(name)} {reason}")
        else:
            coding = "utf-8" if is_text or not _is_latin_1(value) else "latin-1"
            made.append((name, value.encode(coding, "replace").strip(b" \t")))
    return made


def _given(headers: Fields | HeaderObject) -> tuple[list[tuple[str, str]], bool]:
    """Captured ones as latin-1, a character a byte; pushed ones as text."""
    if isinstance(headers, dict):
        return pairs(headers), True
    return list(headers), False


def _is_latin_1(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def _body(stored: StoredBody, headers: Fields | HeaderObject) -> bytes | None:
    if stored.state.is_absent or stored.content is None:
        return None
    said = field_value(headers, "content-length")
    return stored.content or (b"" if said == "0" else None)
