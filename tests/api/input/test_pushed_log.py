"""What is valid is read another way than what is not: both agree on which is which."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.input import json_input
from api.input.log_schemas import NewLog
from api.input.pushed_log import PushedLog, pushed_log
from monitor.errors import InvalidInput
from tests.support.running import LOG

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
# What is near a bound, or on it.
EDGES: list[Any] = [
    *("GET", "get", "G T", "", "x" * 32, "x" * 33, "x" * 128, "x" * 129),
    *("x://y", "x:///y", "://y", "1x://y", "x://", "x://\n", "h+t.p-s://y", "ü://y"),
    *("x://" + each * count for each in "aü€" for count in (8_188, 16_382, 32_764)),
    *("x" * count for count in (255, 256, 32_768, 32_769)),
    *(99, 100, 999, 1000, -1, 0, 200.0, 0.0, -0.0, 1e308, float("inf"), 10**30, True),
    *([], ["a"] * 64, ["a"] * 65, [""], ["x" * 128], ["x" * 129], [1], [None], "a"),
    *({}, {"a": [1, "b", None, 1.5, True]}, {"a": {}}, {"a": [[]]}, {"x" * 1025: 1}),
    *({"x" * 1024: [{}]}, {str(n): {} for n in range(30)}, {"": None}, [{}]),
    *("2026-11-24T13:00:00Z", "2026-11-24T13:00:00.123456+02:00", "2026-11-24", 5),
    *("2026-13-24T13:00:00Z", "0001-01-01T00:00:00+14:00", "2026-11-24t13:00z"),
]


def by_pydantic(value: Any) -> Any:
    return json_input.model_of(value, NewLog, (7,))


def outcome(value: Any, read: Callable[[Any], Any]) -> Any:
    """All fields of the log, with their types; or each error."""
    try:
        log = read(value)
    except InvalidInput as error:
        return error.detail, error.errors
    return repr({name: getattr(log, name) for name in NewLog.model_fields})


def check(value: Any) -> None:
    read = partial(pushed_log, loc=(7,))
    assert outcome(value, read) == outcome(value, by_pydantic)


@pytest.mark.parametrize("name", [*NewLog.model_fields, "unknown"])
def test_both_say_the_same_of_each_field(name: str) -> None:
    for value in EDGES:
        check({**LOG, name: value})
    check({**LOG, name: None})
    check({other: value for other, value in LOG.items() if other != name})


@pytest.mark.parametrize("value", [None, True, 5, "x", [], [LOG], {}])
def test_both_say_the_same_of_what_is_no_log(value: Any) -> None:
    check(value)


@given(name=st.sampled_from(list(NewLog.model_fields)), value=VALUES)
def test_both_say_the_same_of_whatever_a_field_is(name: str, value: Any) -> None:
    check({**LOG, name: value})


def test_a_log_as_it_is_pushed_needs_no_second_look() -> None:
    log = {
        **LOG,
        "status_code": 200,
        "latency_ms": 5,
        "query_params": {"a": ["1", 2, None]},
        "request_headers": {"A": "b"},
        "request_body": "",
        "tags": ["a"],
        "unknown": {"a": {}},
    }
    made = msgspec.convert(orjson.loads(json.dumps(log)), PushedLog)
    assert (made.latency_ms, made.query_params) == (5.0, log["query_params"])
