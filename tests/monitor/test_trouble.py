"""What fails again and again is said once."""

import logging

import pytest

from monitor.trouble import MAX_REASONS, Trouble

logger = logging.getLogger("tests")


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, object]]:
    return [
        (each.levelname, each.message, vars(each).get("reason"))
        for each in caplog.records
    ]


def test_a_trouble_is_said_as_it_begins_and_once_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    trouble = Trouble("it fails", "it works", logger=logger, settled_s=0, work="w")
    trouble.passed()
    for _ in range(100):
        trouble.met("full")
    assert trouble.is_there
    trouble.met("gone")
    for _ in range(100):
        trouble.passed()
    assert not trouble.is_there
    trouble.met("full")
    assert lines(caplog) == [
        ("ERROR", "it fails", "full"),
        ("ERROR", "it fails", "gone"),
        ("INFO", "it works", None),
        ("ERROR", "it fails", "full"),
    ]
    assert {vars(each)["work"] for each in caplog.records} == {"w"}


def test_what_fails_and_works_by_turns_is_one_trouble(
    caplog: pytest.LogCaptureFixture,
) -> None:
    trouble = Trouble("it fails", "it works", logger=logger, settled_s=3600)
    for number in range(100):
        trouble.met(f"reason {number}")
        trouble.passed()
    assert len(caplog.records) == MAX_REASONS
    assert trouble.is_there
