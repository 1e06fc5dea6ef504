"""Changes between two times, in words a glance takes in."""

import pytest

from web.views.charts.changes import change, points


@pytest.mark.parametrize(
    ("now", "before", "text", "tone"),
    [
        (112.0, 100.0, "+12 %", "bad"),
        (97.0, 100.0, "-3 %", ""),
        (50.0, 100.0, "-50 %", "good"),
        (100.2, 100.0, "same", ""),
        (0.0, 0.0, "same", ""),
        (5.0, 0.0, "new", "bad"),
        (0.0, 5.0, "-100 %", "good"),
        (1400.0, 100.0, "14 times", "bad"),
    ],
)
def test_a_change_says_by_how_much(
    now: float, before: float, text: str, tone: str
) -> None:
    found = change(now, before, "what it was")
    assert found is not None
    assert (found.text, found.was, found.tone) == (text, "what it was", tone)
    neutral = change(now, before, "", is_neutral=True)
    assert neutral is not None
    assert neutral.tone == ""


def test_what_is_not_known_is_not_compared() -> None:
    assert change(None, 1.0, "") is None
    assert change(1.0, None, "") is None


def test_a_sparkline_fits_its_box() -> None:
    assert points([0, 0]) == points([5]) == points([]) == ""
    assert points([0, 10, 5]) == "0.0,19.0 50.0,1.0 100.0,10.0"
