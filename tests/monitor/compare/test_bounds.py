"""Whatever bytes are kept: to show and to compare them costs what is allowed."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from api.output.replayed import answer_body
from api.output.written import detail_json
from monitor.compare.alignment import MAX_STEPS, AlignmentWork, aligned
from monitor.compare.answers import RecordedAnswer
from monitor.compare.documents import document_differences
from monitor.compare.evidence import Evidence, compared_answers
from monitor.counters import Counters
from monitor.defaults import WORK_LIMIT
from monitor.json.bounds import MAX_LEVELS, lines_beginning, values_beginning
from monitor.json.text import load_json
from monitor.logs.log import LogDetail, StoredBody
from monitor.offload.helpers import Helpers
from monitor.offload.little import are_little
from monitor.offload.outcome import OutcomeKind
from monitor.replay.replay import REPLAY_IDS, Replay, ReplayStatus
from tests.support.exchanges import a_log
from tests.support.generators import coded, texts
from tests.support.helper_work import peak_bytes, settings
from web.views.bodies import SHOWN_CHARACTERS, sides_of
from web.views.results import result_of

MEMORY_BYTES = 384 * 1024 * 1024


def detail_of(headers: tuple[tuple[str, str], ...], body: bytes) -> LogDetail:
    return a_log(
        response_headers=headers,
        response_body=StoredBody(content=body),
        response_size=len(body),
    )


def answer_of(headers: tuple[tuple[str, str], ...], body: bytes) -> RecordedAnswer:
    return RecordedAnswer(
        status_code=200,
        headers=headers,
        body=StoredBody(content=body),
        latency_ms=1.0,
    )


@pytest_asyncio.fixture
async def helpers() -> AsyncIterator[Helpers]:
    made = Helpers(settings(HELPER_MEMORY_BYTES=str(MEMORY_BYTES)), Counters())
    yield made
    await made.close()


@pytest.mark.timeout(240)
async def test_all_of_them_are_shown_and_compared_within_the_memory_of_a_helper(
    helpers: Helpers,
) -> None:
    """Nothing is ended for its memory or its time, and one process does it all."""

    async def do(function: Any, *arguments: Any) -> Any:
        return await helpers.do(
            OutcomeKind.PAGE, "a", function, *arguments, is_little=False
        )

    pids = set[int]()
    for name, content_type, text in texts():
        headers = (("Content-Type", content_type), ("Content-Encoding", "gzip"))
        body, middle = coded(text), len(text) // 2
        detail = detail_of(headers, body)
        other = coded(text[:middle] + "1,2" + text[middle:])
        assert not are_little([(detail.response_body, headers)], most_marks=10), name
        left, right = answer_of(headers, body), answer_of(headers, other)
        made = await do(compared_answers, left, right, Evidence(), WORK_LIMIT)
        assert len(orjson.dumps(made.shown)) < 2**21, name
        answered = await do(answer_body, right)
        replay = Replay(
            id=REPLAY_IDS.new(),
            log_id=detail.item.id,
            service_id=detail.item.service_id,
            status=ReplayStatus.SUCCESS,
            status_code=200,
            response_headers=dict(headers),
            response_body=answered.text,
            **answered.fields,
            comparison=made.shown,
            created_at=detail.item.timestamp,
        )
        result = (await do(result_of, detail, replay.to_json(), WORK_LIMIT)).result
        assert len(result.rows) <= 2_000, name
        view = (await do(sides_of, detail, WORK_LIMIT)).sides[1].body
        for shown in (view.laid_out, view.raw):
            assert len(shown or "") <= SHOWN_CHARACTERS, name
        written = await do(detail_json, detail)
        assert orjson.loads(written.content)["response_body"]
        pids |= set(helpers.pids)
    assert len(pids) == 1
    assert (await do(peak_bytes)).value < MEMORY_BYTES


@pytest.mark.parametrize("count", [50, 2_000, 60_000])
def test_an_alignment_looks_at_no_more_elements_than_it_may(count: int) -> None:
    most = 100_000
    for left, right in (
        ([0] * count, [1, *[0] * count, 1]),
        (list(range(count)), list(range(count, 0, -1))),
        ([n % 2 for n in range(count)], [n % 3 % 2 for n in range(count)]),
    ):
        work = AlignmentWork(most=most)
        pairs = aligned(left, right, work)
        assert work.done <= most + count + 1
        assert [i for i, _ in pairs if i is not None] == list(range(len(left)))


def test_many_short_arrays_share_one_bound() -> None:
    left = [[n * 1_000 + m for m in range(100)] for n in range(200)]
    right = [[-1 - m for m in range(100)] for _ in range(200)]
    for work in (AlignmentWork(most=10_000), AlignmentWork()):
        found = document_differences(
            load_json(str(left)), load_json(str(right)), work=work
        )
        assert work.done <= min(work.most, MAX_STEPS) + 200
        assert work.by_position
        assert "arrays that are far apart are paired by position" in found.notes


def test_the_beginning_of_a_text_ends_at_the_limit_and_is_a_document() -> None:
    text = '{"a,b": [1, 2, {"c": "]}", "d": 4}, 5], "e": 6}'
    for limit in range(1, 12):
        begun = values_beginning(text, limit, closed=True)
        assert (begun.problem is None) == (limit >= 9)
        load_json(begun.text)
        assert text.startswith(begun.text.rstrip("]}"))
    deep = "[" * (MAX_LEVELS + 1)
    assert values_beginning(deep, 10**6).problem is not None
    lines = "a\rb\nc\r\nd\u2028e"
    for limit in range(1, 8):
        cut = lines_beginning(lines, limit)
        assert cut.text.splitlines() == lines.splitlines()[:limit]
        assert (cut.problem is None) == (limit >= 5)


def test_beginnings_are_compared_as_far_as_they_go() -> None:
    """What is missing only because it was cut off is no difference."""
    values = list(range(1_000))
    for change, expected in (
        (values, []),
        ([-1, *values], ["$.a[0]"]),
        ([*values[:500], 0, *values[501:]], ["$.a[500]"]),
    ):
        bodies = [orjson.dumps({"a": one, "z": 1}) for one in (values, change)]
        answers = [
            answer_of((("Content-Type", "application/json"),), b) for b in bodies
        ]
        made = compared_answers(answers[0], answers[1], Evidence(), 700)
        assert [one["path"] for one in made.shown["body"]] == expected
        assert made.shown["complete"] is False
        assert made.shown["notes"] == ["not compared past value 700"]
        assert made.is_limited
