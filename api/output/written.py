"""Answers that hold bodies, written out: work that a helper process can do as well."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from api.output.log import shown_detail, shown_message
from monitor.export import har
from monitor.export.curl import curl_command
from monitor.export.snippets import fetch_code, httpie_command, httpx_code
from monitor.json.output import json_bytes, one_line
from monitor.logs.display import raw_body, shown_body
from monitor.logs.log import LogDetail, StoredBody
from monitor.traffic.fields import Fields, HeaderObject
from monitor.traffic.message import Message


class Written(NamedTuple):
    content: bytes
    is_limited: bool = False


def detail_json(detail: LogDetail) -> Written:
    sent = shown_body(detail.request_body, detail.request_headers)
    received = shown_body(detail.response_body, detail.response_headers)
    content = json_bytes(shown_detail(detail, sent, received))
    return Written(content, sent.is_begun or received.is_begun)


def detail_line(detail: LogDetail) -> Written:
    """The same in one line."""
    made = detail_json(detail)
    return Written(one_line(made.content), made.is_limited)


def raw_detail_json(detail: LogDetail, problem: str) -> bytes:
    """The same with bodies as they were kept, and *problem* beside them."""
    sent = raw_body(detail.request_body, detail.request_headers, problem)
    received = raw_body(detail.response_body, detail.response_headers, problem)
    return json_bytes(shown_detail(detail, sent, received))


def har_json(detail: LogDetail, messages: Sequence[Message]) -> Written:
    """An entry of a HAR archive."""
    return Written(json_bytes(har.entry_of(detail, messages)))


def curl_text(detail: LogDetail) -> Written:
    return Written(curl_command(detail).encode())


def httpie_text(detail: LogDetail) -> Written:
    return Written(httpie_command(detail).encode())


def httpx_text(detail: LogDetail) -> Written:
    return Written(httpx_code(detail).encode())


def fetch_text(detail: LogDetail) -> Written:
    return Written(fetch_code(detail).encode())


def octets(stored: StoredBody, headers: Fields | HeaderObject) -> Written:
    """A body without its content coding, as far as that goes."""
    shown = shown_body(stored, headers)
    return Written(shown.content or b"", shown.is_begun)


def messages_json(messages: Sequence[Message], began: datetime) -> Written:
    """A list of them, as it stands in `items`."""
    return Written(json_bytes([shown_message(one, began) for one in messages]))
