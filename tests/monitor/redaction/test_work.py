"""What masking may cost: counted, bounded, and nothing gets past it unmasked."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.content.body import TOO_LONG, decoded
from monitor.defaults import MASKING_NODES
from monitor.json.path import parse_path
from monitor.ledger.prometheus import _withheld
from monitor.ledger.withheld import counting
from monitor.logs.display import withheld_for
from monitor.record.codec import decode, encode
from monitor.redaction.json import masked_json
from monitor.redaction.path_machine import Machine
from monitor.redaction.redaction import Redaction
from monitor.redaction.work import WITHHELD, MaskingWork, Withheld
from monitor.settings import load
from monitor.spool.segments import NOBODY
from monitor.spool.tally import Tally, read
from monitor.traffic.exchange import Body, BodyState, Exchange
from monitor.traffic.mask import MASK
from monitor.traffic.message import (
    Direction,
    Medium,
    Message,
    MessageKind,
    Messages,
    MessageState,
)
from proxy.exchange.capture import _parameters
from tests.support.exchanges import an_exchange

SETTINGS = load({})
CANARY = "4111canary"
TEN = ("$.card.number", "$..pin", *(f"$.a[*].b{n}..c" for n in range(8)))
# Each of them another state of many rules.
DEEP = [b'{"a%d":{"a%d":0}}' % (n % 64, n // 64) for n in range(4000)]
MANY = tuple(f"$..a{n}..b{n}" for n in range(64))
JSON = (("Content-Type", "application/json"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
EVENTS = (("Content-Type", "text/event-stream"),)
SECRET = b'{"pin":"%s"}' % CANARY.encode()


def body(content: bytes) -> Body:
    return Body(kept=content, size=len(content))


def within(
    given: Exchange, rules: tuple[str, ...] = TEN, limit: int = MASKING_NODES
) -> tuple[Exchange, Counter[Withheld]]:
    """Masked within the limit, and what was withheld."""
    counted = Counter[Withheld]()

    def count(what: Withheld, n: int) -> None:
        counted[what] += n

    redaction = Redaction(
        headers=SETTINGS.sensitive_headers,
        parameters=SETTINGS.sensitive_parameters,
        limit=limit,
        count=count,
    )
    work = MaskingWork(limit)
    found = redaction.within(given, rules, work)
    assert 0 <= work.spent <= limit
    assert CANARY not in repr(found)
    return found, counted


FLOODS: dict[str, bytes] = {
    "numbers": b"[%s1]" % (b"1," * 200_000),
    "objects": b"[%s{}]" % (b"{}," * 200_000),
    "lists": b"[%s[]]" % (b"[]," * 200_000),
    "members": b"{%s}" % b",".join(b'"a%d":1' % n for n in range(60_000)),
    "text": b'["%s"]' % (b"\\n" * 400_000),
    "lines": b"1]\n%s" % (b"1\n" * 60_000),
    "blanks": b"[1%s]" % (b" " * 1_000_000),
}
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "br": brotli.compress,
    "gzip, gzip": lambda content: gzip.compress(gzip.compress(content)),
}


def with_window(bits: int) -> bytes:
    made: bytes = brotli.compress(SECRET, lgwin=bits)
    return made


@pytest.mark.parametrize("content_type", ["application/json", "image/png", "text/css"])
def test_a_window_that_takes_long_to_fill_is_not_begun(content_type: str) -> None:
    fields = (("Content-Type", content_type), ("Content-Encoding", "br"))
    for bits, state in ((22, BodyState.REDACTED), (24, BodyState.WITHHELD)):
        given = an_exchange(
            request_headers=fields, request_body=body(with_window(bits))
        )
        found, _ = within(given)
        assert found.request_body is not None
        assert found.request_body.state is state


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_is_withheld_whatever_its_coding(flood: bytes, coding: str) -> None:
    content = CODINGS[coding](b"[%s,%s]" % (SECRET, flood))
    headers = (*JSON, ("Content-Encoding", coding))
    both = an_exchange(
        request_headers=headers,
        request_body=body(content),
        response_headers=headers,
        response_body=body(content),
    )
    found, counted = within(both)
    for withheld in (found.request_body, found.response_body):
        assert withheld == Body(
            kept=b"", size=len(content), state=BodyState.WITHHELD, is_limited=True
        )
    assert counted == {Withheld.BODY_LIMIT: 2}
    kept = decode(encode(found)).request_body
    assert kept == found.request_body
    assert kept is not None
    assert withheld_for(kept.state, kept.is_limited) == "work_limit"


@pytest.mark.parametrize(
    "content",
    [
        b"".join([gzip.compress(b"", mtime=0)] * 1000) + gzip.compress(SECRET),
        b"".join([gzip.compress(b" ", mtime=0)] * 65) + gzip.compress(SECRET),
    ],
)
def test_what_is_coded_in_very_many_parts_is_withheld(content: bytes) -> None:
    headers = (*JSON, ("Content-Encoding", "gzip"))
    _, counted = within(
        an_exchange(request_headers=headers, request_body=body(content))
    )
    assert counted == {Withheld.BODY_LIMIT: 1}


@pytest.mark.parametrize(
    ("headers", "content", "rules"),
    [
        (FORM, b"a=&" * 30_000 + b"pin=" + CANARY.encode(), ("pin",)),
        (FORM, b"%61=&" * 5_000 + b"pin=" + CANARY.encode(), ("pin",)),
        (EVENTS, b"\n" * 60_000 + b"data: " + SECRET + b"\n\n", TEN),
        (EVENTS, b'data: {"pin":1}\n\n' * 3_000 + b"data: " + SECRET + b"\n\n", TEN),
        (JSON, b"[%s]" % b",".join([*DEEP, SECRET]), MANY),
    ],
)
def test_other_floods_are_withheld(
    headers: Any, content: bytes, rules: tuple[str, ...]
) -> None:
    found, counted = within(
        an_exchange(response_headers=headers, response_body=body(content)),
        (*rules, "$..pin"),
    )
    assert counted == {Withheld.BODY_LIMIT: 1}
    assert found.response_body is not None
    assert found.response_body.kept == b""


def test_an_ordinary_body_of_each_side_is_masked() -> None:
    rows = [
        {"id": n, "price": n + 0.50, "name": "x", "pin": CANARY, "card": None}
        for n in range(1000)
    ]
    content = json.dumps(rows, separators=(",", ":")).encode()
    assert 60_000 < len(content) < SETTINGS.capture_body_limit * 1.1
    found, counted = within(
        an_exchange(
            request_headers=JSON,
            request_body=body(content),
            response_headers=(*JSON, ("Content-Encoding", "gzip")),
            response_body=body(gzip.compress(content)),
        )
    )
    masked = content.replace(CANARY.encode(), MASK.encode())
    for kept in (found.request_body, found.response_body):
        assert kept is not None
        assert (kept.state, kept.kept) == (BodyState.REDACTED, masked)
    assert not counted


def message(kept: bytes) -> Message:
    return Message(
        direction=Direction.SENT,
        kind=MessageKind.TEXT,
        offset_ms=1.0,
        kept=kept,
        size=len(kept),
        wire_size=len(kept),
    )


@pytest.mark.parametrize(
    "flood",
    [
        [b'{"pin":0}'] * 5_000,
        [b"[%s0]" % (b"0," * 8_000)] * 16,
        [b'["%s"]' % (b"\\n" * 8_000)] * 64,
        [b"1" * 16_000] * 64,
    ],
)
def test_of_a_flood_of_messages_the_last_are_withheld(flood: list[bytes]) -> None:
    kept = tuple(message(each) for each in (*flood, b"[%s]" % SECRET))
    messages = Messages(medium=Medium.WEBSOCKET, kept=kept, count=len(kept))
    found, counted = within(an_exchange(messages=messages))
    assert found.messages is not None
    assert len(found.messages.kept) == len(kept)
    withheld = [one for one in found.messages.kept if one.is_limited]
    assert {one.state for one in withheld} == {MessageState.WITHHELD}
    assert len(withheld) == counted[Withheld.MESSAGE_LIMIT] > 0
    again = decode(encode(found)).messages
    assert again == found.messages


def test_messages_share_the_work_of_their_exchange() -> None:
    kept = tuple(message(b'{"pin":0}') for _ in range(600))
    messages = Messages(medium=Medium.WEBSOCKET, kept=kept, count=600)
    assert not within(an_exchange(messages=messages))[1]
    beside = body(b"[%s%s]" % (b"0," * 30_000, SECRET))
    _, counted = within(
        an_exchange(messages=messages, request_headers=JSON, request_body=beside)
    )
    assert counted.keys() == {Withheld.MESSAGE_LIMIT}


QUERIES = ["a=&" * 20_000, "%61=&" * 12_000, "t=1;" * 15_000, "#a=?" * 15_000]


@pytest.mark.parametrize("flood", QUERIES)
def test_a_flood_of_parameters_is_masked_whole(flood: str) -> None:
    target = f"/a?{flood}token={CANARY}"
    found, counted = within(
        an_exchange(
            url=f"http://x{target}",
            path=target,
            client_url=f"http://y{target}",
            query_params={**dict.fromkeys(map(str, range(20_000))), "token": CANARY},
            request_headers=(("Referer", target), ("Host", "x"), ("Link", target)),
            response_headers=(("Location", target),),
            error=f"no answer from http://x{target}",
        ),
        (),
    )
    assert (found.url, found.path) == (f"http://x/a?{MASK}", f"/a?{MASK}")
    assert ("Host", "x") in tuple(found.request_headers)
    assert counted[Withheld.URL] > 0


@pytest.mark.parametrize(
    "fields",
    [
        {"request_headers": (("Link", "<a?b=1>"),) * 6_000},
        {"request_headers": (("Referer", "/?a=1"),) * 9_000},
        {"request_headers": (("Referer", "/%25253D"),) * 1_000},
        {"request_headers": (("a", ""),) * 50_000},
        {"request_headers": {"Link": ["<a?b=1>"] * 50_000}},
        {"request_headers": {str(n): "" for n in range(50_000)}},
        {"query_params": {"a": ["b=1"] * 50_000}},
        {"error": "a=1 " * 50_000},
    ],
)
def test_a_flood_of_fields_is_masked(fields: dict[str, Any]) -> None:
    sent = fields.get("request_headers", ())
    last = (("Location", f"/?token={CANARY}"), ("Cookie", CANARY))
    added = {**sent, **dict(last)} if isinstance(sent, dict) else (*sent, *last)
    error = f"{fields.get('error', '')} /?token={CANARY}"
    _, counted = within(
        an_exchange(**{**fields, "request_headers": added, "error": error}), ()
    )
    assert counted[Withheld.URL] > 0


def test_many_rules_of_many_steps_take_linear_work() -> None:
    spent = []
    for depth in (100, 200):
        deep = b'{"a":' * depth + b'{"b":1}' + b"}" * depth
        work = MaskingWork(MASKING_NODES)
        machine = Machine((parse_path("$..a..b"), parse_path("$..x..y")))
        found, _ = masked_json(deep.decode(), machine, work)
        assert MASK.encode() in found
        spent.append(work.spent)
    assert spent[1] < 2.5 * spent[0]


@pytest.mark.parametrize("depth", [100, 300, 900])
def test_deep_nesting_is_masked_or_withheld(depth: int) -> None:
    content = b'{"a":' * depth + SECRET + b"}" * depth
    found, _ = within(an_exchange(request_headers=JSON, request_body=body(content)))
    assert found.request_body is not None
    assert found.request_body.state is not BodyState.KEPT


def test_states_that_work_did_not_suffice_for_are_made_whole_later() -> None:
    rules, content = ("$.a[*]..b.*", "$..c..b"), '{"a":[{"x":{"b":{"c":1}}}]}'
    machine = Machine(tuple(parse_path(rule) for rule in rules))
    for limit in range(60):
        try:
            found, _ = masked_json(content, machine, MaskingWork(limit))
        except Exception as error:
            assert type(error).__name__ == "TooMuch"
            continue
        assert found == content.replace("1", f'"{MASK}"').encode()


def replaced(value: Any, path: Any) -> Any:
    """What rules mean, plainly: one after the other."""
    if not path:
        return MASK
    (kind, wanted), rest = path[0], path[1:]
    if kind == "deep":
        if isinstance(value, list):
            return [replaced(item, path) for item in value]
        if isinstance(value, dict):
            within = {name: replaced(item, path) for name, item in value.items()}
            return {
                name: replaced(item, rest) if name == wanted else item
                for name, item in within.items()
            }
        return value
    if isinstance(value, dict):
        return {
            name: replaced(item, rest) if kind == "any" or name == wanted else item
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            replaced(item, rest) if kind == "any" or n == wanted else item
            for n, item in enumerate(value)
        ]
    return value


NAMES = st.sampled_from(["a", "b", "c", "0"])
STEPS = st.one_of(
    NAMES.map(lambda name: f".{name}"),
    NAMES.map(lambda name: f"['{name}']"),
    st.sampled_from(["[*]", ".*", "[0]", "[1]", "..a", "..b"]),
)
RULES = st.lists(
    st.lists(STEPS, min_size=1, max_size=5).map(lambda steps: "$" + "".join(steps)),
    min_size=1,
    max_size=6,
).filter(lambda rules: all(rule.count("..") <= 2 for rule in rules))
DOCUMENTS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=3),
        st.sampled_from(["\ud800", MASK, "\x7f"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=20,
)


@given(DOCUMENTS, RULES, st.booleans())
@example([{"a": {"a": 1}}], ["$..a.a", "$..a..a"], True)
def test_the_rules_mean_what_they_say_one_after_the_other(
    document: Any, rules: list[str], is_ascii: bool
) -> None:
    paths = tuple(parse_path(rule) for rule in rules)
    text = json.dumps(document, ensure_ascii=is_ascii)
    wanted = document
    for path in paths:
        wanted = replaced(wanted, path)
    found, is_changed = masked_json(text, Machine(paths), MaskingWork(MASKING_NODES))
    assert json.loads(found) == wanted
    assert is_changed == (wanted != document)
    if not is_changed:
        assert found == json.dumps(
            document, ensure_ascii=False, separators=(",", ":")
        ).encode("utf-8", "backslashreplace")


@pytest.mark.parametrize(
    "spelling",
    ["-0", "1E5", "1e400", "0.10", "1" * 5000, "-1.0e-0", "12345678901234567890"],
)
@pytest.mark.parametrize("beside", ['"a"', '"\\ud800"'])
def test_numbers_stay_as_they_are_spelled(spelling: str, beside: str) -> None:
    machine = Machine((parse_path("$.x"),))
    text = f'{{"x":0,"y":[{spelling},{beside},{spelling}]}}'
    found, _ = masked_json(text, machine, MaskingWork(MASKING_NODES))
    assert found.decode() == text.replace('"x":0', f'"x":"{MASK}"')


def test_what_is_withheld_is_counted_for_all_processes(tmp_path: Path) -> None:
    tally = Tally(tmp_path, "0")
    redaction = Redaction(headers=(), parameters=(), limit=1000, count=counting(tally))
    for content in (FLOODS["objects"], b"{"):
        redaction.apply(
            an_exchange(request_headers=JSON, request_body=body(content)), ("$.a",)
        )
    [path] = tmp_path.glob("*.tally")
    counts = read(path)
    tally.close()
    assert {word: n for (_, word), n in counts.items()} == {
        f"{WITHHELD}body_work_limit": 1,
        f"{WITHHELD}body_unreadable": 1,
    }


@pytest.mark.parametrize("flood", ["a=&" * 20_000, "a&" * 30_000])
def test_parameters_kept_apart_are_bounded(flood: str) -> None:
    found = _parameters(f"first=1&{flood}", 1000)
    assert sum(len(v) if isinstance(v, list) else 1 for v in found.values()) == 1000
    assert found["first"] == "1"
    assert _parameters("a=1&b=2", 2) == {"a": "1", "b": "2"}


@pytest.mark.parametrize("code", ["%", "%zz", "%41", "%C3%A9"])
def test_parameters_are_decoded_within_a_bound(code: str) -> None:
    assert _parameters(f"first=1&a={code * 20_000}&b=2", 1000) == {"first": "1"}
    assert _parameters(code * 20_000, 1000) == {}
    assert list(_parameters(f"a={code * 2_000}&b=2", 1000)) == ["a", "b"]


def test_what_is_too_long_between_codings_is_decoded_no_further() -> None:
    content, size = b"{}", 100_000
    for _ in range(4):
        content = brotli.compress(content + b" " * 1_000_000, quality=5)
    found = decoded(content, "br, br, br, br", limit=size, wholly=True)
    assert (found.problem, found.made) == (TOO_LONG, size)


def test_each_reason_is_a_metric_of_its_own() -> None:
    family = _withheld({(NOBODY, f"{WITHHELD}{each}"): 2 for each in Withheld})
    labels = {(s.labels["what"], s.labels["reason"]): s.value for s in family.samples}
    assert set(labels.values()) == {2}
    assert {what for what, _ in labels} == {"body", "message", "text"}
    assert {reason for _, reason in labels} == {"work_limit", "unreadable"}
