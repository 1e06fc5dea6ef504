"""What is kept of an exchange that ended, and that each is counted."""

import errno
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from monitor.record.codec import decode
from monitor.redaction.redaction import Redaction
from monitor.registry.table import Service
from monitor.spool.recording import Recording, shed
from monitor.spool.segments import segments
from monitor.spool.tally import FINISHED, Tally, read
from monitor.spool.writer import Spool, Step
from monitor.traffic.exchange import Body, BodyState, Exchange, Source
from monitor.traffic.ids import LogIds
from monitor.traffic.message import Direction, Medium, Message, MessageKind, Messages

SERVICE = Service(id=UUID(int=1), name="pay", slug="pay", base_url="http://x")
IDS = LogIds()
BODIES = ("request_body", "response_body")


def exchange(**fields: Any) -> Exchange:
    made: dict[str, Any] = {
        "id": IDS.new(),
        "service_id": SERVICE.id,
        "source": Source.PROXY,
        "method": "POST",
        "url": "http://x/a",
        "path": "/a",
        "status_code": 200,
        "request_body": Body(kept=b"sent", size=4),
        "response_body": Body(kept=b"received", size=900),
        "request_size": 4,
        "response_size": 900,
    }
    return Exchange(**{**made, **fields})


class Desk:
    def __init__(self, directory: Path, **options: Any) -> None:
        self.directory = directory
        self.spool = Spool(directory / "spool", limit_bytes=1 << 20, **options)
        self.tally = Tally(directory / "tally", self.spool.writer)
        self.recording = Recording(
            spool=self.spool,
            redaction=Redaction(headers=(), parameters=()),
            tally=self.tally,
        )

    def record(self, make: Callable[[], Exchange], service: Service) -> bool:
        return self.recording([(make, service)]) == 1

    def counts(self) -> dict[str, int]:
        [path] = (self.directory / "tally").glob("*.tally")
        return {word: n for (id, word), n in read(path).items() if id == SERVICE.id}

    def kept(self) -> list[Exchange]:
        return [
            decode(frame.payload)
            for segment in segments(self.directory / "spool")
            for frame in segment.read(0, limit_bytes=1 << 30)
        ]


@pytest.mark.parametrize(
    ("step", "fields", "is_shed"),
    [
        (Step.ALL, {}, False),
        (Step.SHED_SUCCESSFUL, {}, True),
        (Step.SHED_SUCCESSFUL, {"status_code": 101}, True),
        (Step.SHED_SUCCESSFUL, {"status_code": 404}, False),
        (Step.SHED_SUCCESSFUL, {"status_code": 500}, False),
        (Step.SHED_SUCCESSFUL, {"status_code": None}, False),
        (Step.SHED_SUCCESSFUL, {"error": "client_disconnect: gone"}, False),
        (Step.SHED_ALL, {"status_code": 500}, True),
        (Step.SHED_ALL, {"request_body": None, "response_body": None}, False),
    ],
)
def test_bodies_are_shed_by_the_spools_step(
    step: Step, fields: dict[str, Any], is_shed: bool
) -> None:
    whole = exchange(**fields)
    kept, was_shed = shed(whole, step)
    assert was_shed is is_shed
    if not is_shed:
        assert kept == whole
        return
    assert kept.request_body == Body(kept=b"", size=4, state=BodyState.SHED)
    assert kept.response_body == Body(kept=b"", size=900, state=BodyState.SHED)
    with_bodies: dict[str, Any] = {side: getattr(whole, side) for side in BODIES}
    assert replace(kept, **with_bodies) == whole


def test_messages_are_shed_and_their_count_stays() -> None:
    message = Message(
        direction=Direction.SENT,
        kind=MessageKind.TEXT,
        offset_ms=1.0,
        kept=b"x",
        size=1,
        wire_size=1,
    )
    messages = Messages(medium=Medium.WEBSOCKET, kept=(message,), count=7)
    bare = exchange(messages=messages, request_body=None, response_body=None)
    kept, was_shed = shed(bare, Step.SHED_ALL)
    assert was_shed
    assert kept.messages is not None
    assert (kept.messages.kept, kept.messages.count) == ((), 7)
    assert kept.messages.problem is not None


def test_what_is_shed_is_counted_and_recorded(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    while desk.spool.step is not Step.SHED_SUCCESSFUL:
        desk.spool.append(b"x" * 10_000)
    assert desk.record(exchange, SERVICE)
    assert desk.record(lambda: exchange(status_code=500), SERVICE)
    assert desk.counts() == {FINISHED: 2, "shed:successful": 1}


def test_a_full_spool_drops_and_counts_and_takes_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    count = 0
    while desk.record(lambda: exchange(status_code=500), SERVICE):
        count += 1
    assert count > 100
    assert desk.counts()["dropped:spool_full"] == 1
    assert desk.counts()[FINISHED] == count + 1
    for segment in segments(tmp_path / "spool")[:10]:
        segment.path.unlink()
    desk.spool.released()
    assert desk.record(exchange, SERVICE)
    assert desk.counts()[FINISHED] == count + 2


def test_a_spool_about_its_limit_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    desk = Desk(tmp_path)
    for _ in range(20):
        for _ in range(20_000):
            if not desk.record(lambda: exchange(status_code=500), SERVICE):
                break
        segments(tmp_path / "spool")[0].path.unlink()
        desk.spool.released()
    assert desk.counts()["dropped:spool_full"] == 20
    said = [f"{each.message} {vars(each)['reason']}" for each in caplog.records]
    assert sorted(said) == [
        "records are dropped spool_full",
        "the spool fills: bodies are shed SHED_ALL",
        "the spool fills: bodies are shed SHED_SUCCESSFUL",
    ]


def test_a_disk_that_refuses_drops_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    assert desk.record(exchange, SERVICE)

    def refuse(file: int, pieces: list[bytes]) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "writev", refuse)
    assert not desk.record(exchange, SERVICE)
    monkeypatch.undo()
    assert desk.record(exchange, SERVICE)
    assert desk.counts() == {FINISHED: 3, "dropped:spool_error": 1}
    assert len(desk.kept()) == 2


def test_one_that_cannot_be_made_a_record_is_counted(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def broken() -> Exchange:
        raise ZeroDivisionError

    assert not desk.record(broken, SERVICE)
    assert desk.counts() == {FINISHED: 1, "dropped:internal": 1}


def test_one_that_is_not_to_be_recorded_is_not_even_made(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def unwanted() -> Exchange:
        raise AssertionError("it was made")

    assert not desk.record(unwanted, replace(SERVICE, is_recording=False))
    assert desk.counts() == {FINISHED: 1, "dropped:recording_off": 1}
    assert desk.kept() == []


def test_what_ended_in_one_turn_is_written_at_once(tmp_path: Path) -> None:
    desk, other = Desk(tmp_path), replace(SERVICE, id=UUID(int=2))
    # A segment is begun by one alone.
    assert desk.record(exchange, SERVICE)
    writes: list[None] = []
    desk.spool.on_append = lambda: writes.append(None)
    long = exchange(request_body=Body(kept=b"l" * 300_000, size=300_000))
    turn = [exchange(), exchange(), long, exchange(), exchange(service_id=other.id)]
    services = [SERVICE] * 4 + [other]
    ended: list[tuple[Callable[[], Exchange], Service]] = [
        (partial(replace, one), at) for one, at in zip(turn, services, strict=True)
    ]

    def broken() -> Exchange:
        raise ZeroDivisionError

    ended[1:1] = [(broken, SERVICE), (broken, replace(SERVICE, is_recording=False))]
    assert desk.recording(ended) == 5
    kept = desk.kept()[1:]
    assert [each.id for each in kept] == [each.id for each in turn]
    assert kept[2].request_body == long.request_body
    # Two, the long one alone, one, and that of the other service.
    assert len(writes) == 4
    counted = {FINISHED: 6 + 1, "dropped:internal": 1, "dropped:recording_off": 1}
    assert desk.counts() == counted


def test_where_not_all_can_be_written_each_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, whole, sizes = Desk(tmp_path), os.writev, list[int]()
    assert desk.record(exchange, SERVICE)

    def cut(file: int, pieces: list[bytes]) -> int:
        """A disk with little room: all at once do not fit, nor does the second."""
        sizes.append(sum(map(len, pieces)))
        if len(sizes) in {1, 5}:
            return os.write(file, b"".join(pieces)[:-1])
        return whole(file, pieces)

    monkeypatch.setattr(os, "writev", cut)
    assert desk.recording([(exchange, SERVICE)] * 3) == 2
    monkeypatch.undo()
    assert desk.counts() == {FINISHED: 4, "dropped:spool_error": 1}
    assert len(desk.kept()) == 3
