"""The answer to a push is what is shown of the log later on, written sooner."""

from typing import Any
from uuid import uuid4

import pytest

from api.ingest.intake import Intake
from api.input.pushed_log import pushed_log
from api.output.pushed import MOST_BYTES, pushed_json
from api.output.stored import Pushed, detail_of
from api.output.written import detail_json
from monitor.redaction.redaction import Redaction
from monitor.traffic.ids import LogIds

REDACTION = Redaction(headers=["x-key"], parameters=["token"], fields=["pin"])
LOG = {"method": "POST", "url": "https://a.example/b", "path": "/b"}
JSON = {"Content-Type": "application/json", "X-Key": "k", "A": ["1", 2, None]}
ALL = {
    "status_code": 201,
    "latency_ms": 3.25,
    "query_params": {"token": "t", "page": [1, 2.5, True]},
    "request_headers": JSON,
    "request_body": '{"pin": "1234", "é": "\u20ac\u2028"}',
    "response_headers": {"Content-Encoding": "gzip"},
    "response_body": "",
    "error": "reset by peer",
    "source_ip": "10.0.0.7",
    "tags": ["eu"],
}
HTML = {"Content-Type": "text/html; charset=latin-1"}


def stored(fields: dict[str, Any]) -> Pushed:
    intake = Intake(uuid4(), ("$.card", "iban"), None, REDACTION, LogIds())
    return Pushed(intake.exchange(pushed_log({**LOG, **fields})), "pay")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        ALL,
        {"request_headers": HTML, "request_body": "<p>ö</p>"},
        {"request_headers": JSON, "request_body": '{"card": 1, "iban": [2]}'},
        {"status_code": 500, "response_body": "x" * MOST_BYTES},
    ],
)
def test_most_are_written_at_once(fields: dict[str, Any]) -> None:
    pushed = stored(fields)
    assert pushed_json(pushed) == detail_json(detail_of(pushed)).content


@pytest.mark.parametrize(
    "fields",
    [
        {"response_body": "x" * (MOST_BYTES + 1)},
        {"request_headers": JSON, "request_body": "{not JSON"},
        {"status_code": 403, "request_headers": {"Origin": "http://o", "Host": "a"}},
        {"status_code": 302, "response_headers": {"Location": LOG["url"]}},
    ],
)
def test_the_others_are_left_to_what_shows_all(fields: dict[str, Any]) -> None:
    assert pushed_json(stored(fields)) is None
