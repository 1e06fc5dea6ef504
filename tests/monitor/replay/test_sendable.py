"""Whether a recorded request can be sent again: said alike by all who send it."""

from uuid import UUID

import pytest

from monitor.errors import Conflict
from monitor.export.curl import curl_command
from monitor.logs.log import LogDetail, StoredBody
from monitor.registry.table import Service
from monitor.replay.outgoing import Overrides, outgoing
from monitor.replay.sendable import Unsendable, of_body
from monitor.replay.target import Target
from monitor.traffic.exchange import BodyState
from tests.support.exchanges import a_log
from web.views.editable import editable_of

TARGET = Target(Service(id=UUID(int=2), name="s", slug="s", base_url="http://x"), "/")


def detail(body: StoredBody, *, size: int | None = None) -> LogDetail:
    return a_log(
        method="POST", request_body=body, request_size=size, response_size=None
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (StoredBody(content=None, state=BodyState.WITHHELD), Unsendable.BODY_WITHHELD),
        (StoredBody(content=None, state=BodyState.SHED), Unsendable.BODY_SHED),
        (StoredBody(content=b"a", state=BodyState.REDACTED), Unsendable.BODY_MASKED),
        (StoredBody(content=b"a", truncated=True), Unsendable.BODY_CUT),
        (StoredBody(content=None, is_gone=True), Unsendable.BODY_GONE),
        # It was withheld once, and its row is gone: its size alone tells of it.
        (StoredBody(content=None), Unsendable.BODY_GONE),
    ],
)
def test_a_body_that_cannot_be_sent_is_told_alike_by_all(
    body: StoredBody, reason: Unsendable
) -> None:
    log = detail(body, size=9)
    assert of_body(log) == [reason]
    assert f"# {reason}" in curl_command(log).splitlines()
    with pytest.raises(Conflict, match=f"^{reason}; give override_body$"):
        outgoing(log, TARGET, Overrides())
    assert outgoing(log, TARGET, Overrides(body="new")).body == b"new"
    problem = editable_of(log).editable.body_problem
    assert problem is not None
    assert problem.startswith(reason.sentence)


@pytest.mark.parametrize(
    ("body", "size"),
    [(StoredBody(content=b"a"), 1), (StoredBody(content=None), None)],
)
def test_a_whole_body_and_none_at_all_can_be_sent(body: StoredBody, size: int) -> None:
    log = detail(body, size=size)
    assert of_body(log) == []
    assert outgoing(log, TARGET, Overrides()).body == (body.content or b"")
    assert editable_of(log).editable.body_problem is None
