"""The request a replay sends: the recorded one, as far as it may and can be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.errors import Conflict
from monitor.logs.log import LogDetail
from monitor.registry.base_url import upstream_of
from monitor.replay.sendable import of_body, of_header, of_request
from monitor.replay.target import Target
from monitor.traffic.exchange import Source
from monitor.traffic.fields import Fields, HeaderObject
from monitor.traffic.header_names import (
    FORWARDED,
    OF_SENDER,
    OURS,
    connection_options,
)
from monitor.traffic.mask import MASK
from monitor.traffic.wire import sendable

Lines = list[tuple[bytes, bytes]]

# About the connection it came over (RFC 9110 7.6.1), or added anew by the proxy.
LEFT_OUT = OF_SENDER | FORWARDED | {"proxy-authenticate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What is unset (None) falls back to the log's own; see the contract."""

    method: str | None = None
    headers: Mapping[str, str | None] | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """*omitted_headers* are those of the log that are masked or cannot be sent."""

    method: str
    target: bytes
    headers: Lines
    body: bytes
    omitted_headers: tuple[str, ...]


def outgoing(detail: LogDetail, target: Target, overrides: Overrides) -> Outgoing:
    """Raises Conflict where something is masked, gone or an upgrade."""
    if (reason := of_request(detail.item)) is not None:
        raise Conflict(reason.value)
    body = _body(detail, overrides.body)
    lines, omitted = _headers(detail, target, overrides, len(body))
    return Outgoing(
        method=overrides.method or detail.item.method,
        target=sendable(target.rest, is_bytes=detail.item.source is not Source.INGEST),
        headers=lines,
        body=body,
        omitted_headers=omitted,
    )


def fresh(
    method: str, target: Target, headers: Mapping[str, str], body: str | None
) -> Outgoing:
    """One from scratch; a header that is the mask is left out."""
    lines: Lines = []
    omitted: dict[str, None] = {}
    for name, value in headers.items():
        _override(name, value, lines, omitted)
    content = (body or "").encode()
    return Outgoing(
        method=method,
        target=sendable(target.rest or "/", is_bytes=False),
        headers=_completed(lines, target, len(content)),
        body=content,
        omitted_headers=tuple(omitted),
    )


def _body(detail: LogDetail, override: str | None) -> bytes:
    if override is not None:
        return override.encode()
    if reasons := of_body(detail):
        raise Conflict(f"{reasons[0]}; give override_body")
    return detail.request_body.content or b""


def _headers(
    detail: LogDetail, target: Target, overrides: Overrides, length: int
) -> tuple[Lines, tuple[str, ...]]:
    given = (overrides.headers or {}).items()
    wanted = {name.lower(): (name, value) for name, value in given}
    left_out = _left_out(detail, overrides)
    lines: Lines = []
    omitted: dict[str, None] = {}
    placed: set[str] = set()
    for name, value in _pairs(detail.request_headers):
        lower = name.lower()
        if lower in wanted:
            if lower not in placed:
                _override(name, wanted[lower][1], lines, omitted)
            placed.add(lower)
        elif lower in left_out or lower.startswith(OURS):
            continue
        elif of_header(name, value) is not None:
            omitted[name] = None
        else:
            lines.append(_line(name, value))
    for lower, (spelled, override) in wanted.items():
        if lower not in placed:
            _override(spelled, override, lines, omitted)
    return _completed(lines, target, length), tuple(omitted)


def _left_out(detail: LogDetail, overrides: Overrides) -> set[str]:
    left_out = LEFT_OUT | connection_options(_pairs(detail.request_headers))
    if overrides.body is not None or detail.item.source is Source.INGEST:
        # It is not coded as the recorded one was; what is pushed is text.
        left_out |= {"content-encoding"}
    return set(left_out)


def _override(
    name: str, value: str | None, lines: Lines, omitted: dict[str, None]
) -> None:
    """In place of the log's own; None removes it, and the mask is never sent."""
    if value is not None and MASK in value:
        omitted[name] = None
    elif value is not None:
        lines.append(_line(name, value))


def _completed(lines: Lines, target: Target, length: int) -> Lines:
    """With one Host in front, and the length of what is sent."""
    hosts = [value for name, value in lines if name.lower() == b"host"]
    assert target.service.base_url is not None
    host = hosts[0] if hosts else b""
    if not host:
        host = upstream_of(target.service.base_url).authority.encode()
    rest = [line for line in lines if line[0].lower() != b"host"]
    framing = [(b"Content-Length", b"%d" % length)] if length else []
    return [(b"Host", host), *rest, *framing]


def _pairs(headers: Fields | HeaderObject) -> Sequence[tuple[str, str]]:
    if not isinstance(headers, dict):
        return headers
    return [
        (name, _text(item))
        for name, value in headers.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _line(name: str, value: str) -> tuple[bytes, bytes]:
    """Bytes of a recorded value are kept as latin-1 characters."""
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        raw = value.encode("utf-8", "replace")
    return name.encode("ascii"), raw.strip(b" \t")
