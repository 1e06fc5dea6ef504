"""One replay is one document: stored, answered and shown."""

import json
from datetime import UTC, datetime
from uuid import UUID

from api.document.answers import replays
from monitor.replay.replay import Replay, ReplayStatus

FULL = Replay(
    id=UUID(int=1),
    log_id=UUID(int=2),
    service_id=UUID(int=3),
    replay_log_id=UUID(int=4),
    status=ReplayStatus.SUCCESS,
    status_code=200,
    response_headers={"X": ["1", "2"]},
    response_body=b'"caf\\u00e9"',
    response_body_truncated=True,
    latency_ms=1.5,
    omitted_headers=("Cookie",),
    overridden={"method": None, "url": None, "headers": None, "body_size": 3},
    comparison={"equal": True, "complete": True, "notes": ["a"]},
    created_at=datetime(2026, 11, 24, 13, tzinfo=UTC),
)
# As the first version stored it.
FORMER = """{
  "id": "00000000-0000-0000-0000-000000000001",
  "log_id": "00000000-0000-0000-0000-000000000002",
  "service_id": "00000000-0000-0000-0000-000000000003",
  "replay_log_id": null, "status": "failed", "status_code": null,
  "response_headers": {}, "response_body": null, "response_body_encoding": "utf-8",
  "response_body_truncated": false, "response_body_withheld": false,
  "latency_ms": null, "error": "connect_refused: no", "omitted_headers": [],
  "comparison": {"equal": false, "equal_but_for_volatile": false, "complete": true},
  "created_at": "2026-11-24T13:00:00.000Z", "of_a_later_version": 1
}"""


def test_what_is_written_is_read_equal_and_is_what_the_document_says() -> None:
    written = FULL.to_json()
    content = json.loads(written)
    assert list(content) == list(replays.Replay.model_fields)
    assert content["response_body"] == "café"
    assert content["created_at"] == "2026-11-24T13:00:00.000Z"
    read = Replay.from_json(written)
    assert json.loads(read.to_json()) == content
    assert Replay.from_json(read.to_json()) == read


def test_documents_of_former_versions_stay_readable() -> None:
    read = Replay.from_json(FORMER.encode())
    assert (read.status, read.error) == (ReplayStatus.FAILED, "connect_refused: no")
    assert (read.replay_log_id, read.overridden, read.comparison_problem) == (None,) * 3
    assert read.comparison is not None
    assert read.comparison["notes"] == []
    assert read.summary()["comparison"] == {
        "equal": False,
        "equal_but_for_volatile": False,
        "complete": True,
    }
    assert json.loads(read.to_json())["response_body"] is None
