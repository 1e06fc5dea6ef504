"""What a form's fields become, and what a form knows of its own markup."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.errors import InvalidInput
from web.forms.asked import Asked, Here, asked_of
from web.forms.values import body_of

MARKUP = """
<input name="name" data-kind="text" value="a&#10;b"><input name="x">
<textarea name="body" data-kind="changed">
&lt;b&gt;
 two</textarea><textarea name="tags" data-kind="lines">a</textarea>
<div data-for="kind:a kind:"><input type="checkbox" name="on" data-kind="flag">
  <p data-for="on:on"><input type="password" name="key" data-kind="whole"></p></div>
<input name="off" data-kind="text" disabled><input name="t" data-kind="moment">
<input data-must-equal="&quot;x&quot;" name="_typed">
<button type="button">Cancel</button><button>Save<span> all </span>of it</button>
"""


def test_a_form_carries_what_its_markup_says() -> None:
    here = Here(path="/x", sign=lambda text: f"signed {len(text)}")
    made = here.asked("PATCH /v1/x", MARKUP, "reload", "", True)
    assert made.token == f"signed {len(made.text)}"
    assert asked_of({"_form": made.text}) == Asked(
        call="PATCH /v1/x",
        nulls=True,
        kinds={
            "name": "text",
            "body": "changed",
            "tags": "lines",
            "on": "flag",
            "key": "whole",
            "t": "moment",
        },
        was={"name": "a\nb", "body": "<b>\n two"},
        parts={"on": [["kind:a", "kind:"]], "key": [["kind:a", "kind:"], ["on:on"]]},
        unseen=["key"],
        equal='"x"',
        button="Save all of it",
    )


@pytest.mark.parametrize(
    ("kind", "given", "sent"),
    [
        ("text", " a ", " a "),
        ("text", "  ", None),
        ("text", "ab", "a\nb"),
        ("text", "abc", "abc"),
        ("changed", "a\r\nb", None),
        ("changed", "a\r\nc", "a\nc"),
        ("changed", "", ""),
        ("whole", " ", " "),
        ("whole", "", None),
        ("lines", " a \r\n\r\nb\n", ["a", "b"]),
        ("lines", "", []),
        ("flag", "on", True),
        ("flag", None, False),
        ("number", " 12 ", 12),
        ("number", "-1.5e3", -1500.0),
        ("number", "", None),
        ("number", "many", "many"),
        ("number", "nan", "nan"),
        ("number", "9" * 40, 1e40),
        ("json", '{"a": [null]}', {"a": [None]}),
        ("moment", "2026-11-28T15:00", "2026-11-28T15:00:00+00:00"),
        ("moment", "2026-11-28T15:00+02:00", "2026-11-28T15:00:00+02:00"),
        ("moment", "tomorrow", "tomorrow"),
        ("minutes", "9e99", "9e99"),
        ("days", "nan", "nan"),
    ],
)
def test_a_field_means_what_its_kind_says(
    kind: str, given: str | None, sent: Any
) -> None:
    form = {} if given is None else {"x": given}
    for nulls in (False, True):
        asked = Asked(call="", kinds={"x": kind}, was={"x": "a\nb"}, nulls=nulls)
        expected = {} if sent is None and not nulls else {"x": sent}
        assert json.loads(body_of(form, asked)) == expected


def test_a_time_from_now_is_in_the_future() -> None:
    asked = Asked(call="", kinds={"x": "minutes", "y": "days"})
    made = json.loads(body_of({"x": "60", "y": "1"}, asked))
    hours = [
        (datetime.fromisoformat(made[name]) - datetime.now(UTC)).total_seconds() / 3600
        for name in ("x", "y")
    ]
    assert hours == pytest.approx([1, 24], abs=0.1)


def test_what_is_no_json_is_said_of_its_field() -> None:
    asked = Asked(call="", kinds={"x": "json", "y": "text"})
    for given in ("{", '"\ud800"', "[" * 400 + "]" * 400, "[" * 5_000):
        with pytest.raises(InvalidInput) as caught:
            body_of({"x": given}, asked)
        assert caught.value.errors[0].loc == ("body", "x")
    with pytest.raises(InvalidInput, match="not valid"):
        body_of({"y": "\udfff"}, asked)


def test_fields_of_parts_that_were_not_chosen_stay_behind() -> None:
    parts = {"x": [["kind:a", "kind:"]]}
    asked = Asked(call="", kinds={"x": "text", "kind": "text"}, parts=parts)
    for kind, names in (("a", {"x", "kind"}), ("", {"x"}), ("b", {"kind"})):
        made = json.loads(body_of({"x": "1", "kind": kind}, asked))
        assert made.keys() == names
