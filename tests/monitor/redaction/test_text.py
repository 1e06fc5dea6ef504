"""What a field rule masks in messages and events, and what is then not kept."""

import gzip
from typing import Any
from uuid import uuid4

import pytest

from monitor.redaction.redaction import Redaction
from monitor.traffic.exchange import Body, BodyState, Exchange, Source
from monitor.traffic.ids import LogIds
from monitor.traffic.message import (
    Direction,
    Medium,
    Message,
    MessageKind,
    Messages,
    MessageState,
)

RULE = ("$.card.number", "$..pin")
SECRET = b"4111"


def message(kept: bytes, **fields: Any) -> Message:
    made: dict[str, Any] = {
        "direction": Direction.SENT,
        "kind": MessageKind.TEXT,
        "offset_ms": 1.0,
        "kept": kept,
        "size": len(kept),
        "wire_size": len(kept),
    }
    return Message(**{**made, **fields})


def redacted(exchange: dict[str, Any], fields: tuple[str, ...] = RULE) -> Exchange:
    made: dict[str, Any] = {
        "id": LogIds().new(),
        "service_id": uuid4(),
        "source": Source.PROXY,
        "method": "GET",
        "url": "http://x/",
        "path": "/",
    }
    rules = Redaction(headers=(), parameters=())
    return rules.apply(Exchange(**{**made, **exchange}), fields)


def after(*messages: Message, fields: tuple[str, ...] = RULE) -> tuple[Message, ...]:
    made = Messages(medium=Medium.WEBSOCKET, kept=messages, count=len(messages))
    found = redacted({"messages": made}, fields).messages
    assert found is not None
    return found.kept


@pytest.mark.parametrize(
    ("kept", "masked"),
    [
        (b'{"card": {"number": "4111"}}', b'{"card":{"number":"***MASKED***"}}'),
        (b' [{"pin": 4111}]', b'[{"pin":"***MASKED***"}]'),
        (b'42["pay",{"pin":"4111"}]', b'42["pay",{"pin":"***MASKED***"}]'),
        (b'42/shop,7["a",{"pin":"4111"}]', b'42/shop,7["a",{"pin":"***MASKED***"}]'),
    ],
)
def test_what_a_rule_names_is_masked_in_a_message(kept: bytes, masked: bytes) -> None:
    [found] = after(message(kept))
    assert (found.kept, found.state) == (masked, MessageState.REDACTED)
    assert found.size == len(kept)


@pytest.mark.parametrize(
    "kept", [b"hello", b'{"a" : 1}', b"", b"\x05\xf0{", b"12", b"not [ json"]
)
def test_a_message_without_it_stays_as_it_passed(kept: bytes) -> None:
    assert after(message(kept)) == (message(kept),)


@pytest.mark.parametrize(
    "hidden",
    [
        message(b'{"card": {"number": "41', size=100),
        message(b'{"card": {"number": "4111"}}', size=100),
        message(b'{"card": {"number": "4111"'),
        message(b'{"pin": 1, "pin": "4111"}'),
        message(b'42["pay",{"pin":"4111"'),
        message(b'{"pin": "4111\xff"}', kind=MessageKind.BINARY),
        message(b"\x01\x02", state=MessageState.CODED, size=None),
    ],
)
def test_what_cannot_be_read_whole_is_not_kept(hidden: Message) -> None:
    [found] = after(hidden)
    assert (found.kept, found.state) == (b"", MessageState.WITHHELD)
    assert (found.wire_size, found.kind) == (hidden.wire_size, hidden.kind)


def test_without_a_rule_messages_are_kept_as_they_are() -> None:
    cut = message(b'{"card": {"number": "41', size=100)
    assert after(cut, fields=()) == (cut,)


STREAM = (
    b': hi\nevent: pay\ndata: {\ndata:  "pin": "4111"}\nid: 1\n\n'
    b'data: plain\n\ndata: {"a" : 1}\r\n\r\n'
)


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_the_body_of_a_stream_is_masked_event_by_event(coding: str) -> None:
    content = gzip.compress(STREAM) if coding else STREAM
    found = redacted(
        {
            "response_headers": (
                ("Content-Type", "text/event-stream"),
                ("Content-Encoding", coding or "identity"),
            ),
            "response_body": Body(kept=content, size=len(content)),
        }
    ).response_body
    assert found is not None
    assert found.state is BodyState.REDACTED
    assert found.kept == (
        b': hi\nevent: pay\nid: 1\ndata: {"pin":"***MASKED***"}\n\n'
        b'data: plain\n\ndata: {"a" : 1}\n\n'
    )


@pytest.mark.parametrize(
    ("kept", "size"), [(STREAM[:-20], len(STREAM)), (b'data: {"pin": "4111\n\n', 21)]
)
def test_the_body_of_a_stream_that_cannot_be_read_whole_is_not_kept(
    kept: bytes, size: int
) -> None:
    found = redacted(
        {
            "response_headers": (("Content-Type", "text/event-stream"),),
            "response_body": Body(kept=kept, size=size),
        }
    ).response_body
    assert found == Body(kept=b"", size=size, state=BodyState.WITHHELD)
