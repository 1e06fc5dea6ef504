"""Records of what passed the proxy, packed: what is known of a head is not looked for
again by who stores it."""

import struct
from typing import Any, Final

import orjson

from monitor.content.body import field_value
from monitor.record.binary import bytes_field
from monitor.record.messages import packed as packed_messages
from monitor.record.pack import BODY_BEGINS, behind_heads, key_of, log_row
from monitor.record.pack_bodies import pack_body
from monitor.record.passed.forms import HeadForms
from monitor.record.passed.sections import BEHIND_BEGINS, HEAD, MARK
from monitor.traffic.exchange import Body, Exchange
from monitor.traffic.fields import Headers

NOTHING: Final = b""
# To copy as much takes longer than to have it in a piece of its own.
LONG_BYTES: Final = 2048


def parts_of(exchange: Exchange, forms: HeadForms) -> list[bytes]:
    """In pieces: bodies are long. Raises ValueError for what no row holds."""
    try:
        return _parts_of(exchange, forms)
    except struct.error as error:
        raise ValueError(f"an exchange fits no row: {error}") from None


def _parts_of(exchange: Exchange, forms: HeadForms) -> list[bytes]:
    sent, received = exchange.request_body, exchange.response_body
    key = key_of(exchange.id)
    log = log_row(exchange, key)
    behind = behind_heads(exchange)
    sent_head = forms.split(exchange.request_headers)
    received_head = forms.split(exchange.response_headers)
    sent_field = bytes_field(sent_head.values)
    received_field = bytes_field(received_head.values)
    bodies: list[bytes] = []
    lacking = NOTHING
    if sent is not None or received is not None:
        bodies += (BODY_BEGINS, key)
        lacking = _packed_bodies(exchange, bodies)
    messages, texts = packed_messages(exchange.messages)
    head = HEAD.pack(
        MARK,
        len(log),
        len(BEHIND_BEGINS) + len(behind),
        len(sent_field),
        len(received_field),
        len(sent_head.form.text),
        len(received_head.form.text),
        sum([len(part) for part in bodies]),
        len(lacking),
        len(messages),
        -1 if sent is None else sent.size,
        -1 if received is None else received.size,
        sent_head.form.key,
        received_head.form.key,
    )
    return _gathered(
        [
            *(head, log, BEHIND_BEGINS, behind, sent_field, received_field),
            *(sent_head.form.text, received_head.form.text),
            *bodies,
            *(lacking, messages, texts),
        ]
    )


def _packed_bodies(exchange: Exchange, bodies: list[bytes]) -> bytes:
    """Behind *bodies*; what is said of those whose text is left out."""
    sent, received = exchange.request_body, exchange.response_body
    is_sent_whole = pack_body(sent, exchange.request_headers, bodies, False)
    is_received_whole = pack_body(received, exchange.response_headers, bodies, False)
    if is_sent_whole and is_received_whole:
        return NOTHING
    return orjson.dumps(
        [
            None if is_sent_whole else _about(sent, exchange.request_headers),
            None if is_received_whole else _about(received, exchange.response_headers),
        ]
    )


def _about(body: Body | None, headers: Headers) -> list[Any]:
    """What has to be known to search it."""
    assert body is not None
    coding = field_value(headers, "content-encoding")
    return [coding, field_value(headers, "content-type"), body.truncated]


def _gathered(parts: list[bytes]) -> list[bytes]:
    """*parts*, with those that are short joined to their neighbours."""
    made: list[bytes] = []
    short: list[bytes] = []
    for part in parts:
        if len(part) < LONG_BYTES:
            short.append(part)
            continue
        if short:
            made.append(b"".join(short))
            short = []
        made.append(part)
    if short:
        made.append(b"".join(short))
    return made
