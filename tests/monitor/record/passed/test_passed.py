"""What passed the proxy is a record whose heads need not be taken apart again."""

import gzip
import random
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.record.batch import Gathered
from monitor.record.codec import Recorded, decode
from monitor.record.columns import BEHIND_COLUMNS, WHOLE_COLUMNS
from monitor.record.header_lines import HOLE
from monitor.record.header_sets import HeaderSets, id_field
from monitor.record.pack import pack
from monitor.record.passed.forms import NO_KEY, HeadForms, joined
from monitor.record.passed.packing import parts_of
from monitor.record.passed.sections import HEAD
from monitor.record.unpack import named_fields_of
from monitor.traffic.exchange import Body, Exchange
from monitor.traffic.fields import HeadFields, plain
from monitor.traffic.line import Line
from proxy.http1.lines import KnownLines
from tests.support.exchanges import an_exchange
from tests.support.generated_exchanges import exchanges

NAMES = st.sampled_from(["Accept", "accept", "X-Id", "Date", "Cookie", "X-,"])
VALUES = st.sampled_from(
    ["a", "", ",", "],[", '"', '","', '"],["', "\\", "\t", "é", "\x7f", "ab" * 40]
) | st.text(st.characters(max_codepoint=255), max_size=6)
LINES = st.lists(st.tuples(NAMES, VALUES, st.booleans()), max_size=5)


def of_lines(lines: list[tuple[str, str, bool]]) -> HeadFields:
    made = []
    for name, value, repeats in lines:
        made.append(Line(b"", name, value))
        made[-1].repeats = repeats
    return HeadFields(made)


@given(st.lists(LINES, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_any_head_is_what_it_was(heads: Any, chance: random.Random) -> None:
    """However often it comes, with lines that are the same object or only say the same,
    and whatever was met before."""
    forms, same = HeadForms(), [of_lines(head) for head in heads]
    for at in chance.choices(range(len(heads)), k=16):
        fields = same[at] if chance.random() < 0.7 else of_lines(heads[at])
        head = forms.split(fields)
        assert joined(head.form.text, head.values) == orjson.dumps(list(fields))
        if head.form.key != NO_KEY:
            # As SQL reads it, where a hole is a value like any other.
            orjson.loads(head.form.text.replace(HOLE, b"\\u0001"))
            assert head.form.text.count(HOLE) == head.values.count(HOLE) + bool(
                HOLE in head.form.text
            )


@given(exchanges, LINES, LINES)
def test_a_record_is_read_as_what_was_packed(
    exchange: Exchange, sent: Any, received: Any
) -> None:
    forms = HeadForms()
    exchange.request_headers = of_lines(sent)
    if received:
        exchange.response_headers = of_lines(received)
    read = replace(
        exchange,
        request_headers=plain(exchange.request_headers),
        response_headers=plain(exchange.response_headers),
    )
    for _ in range(3):
        record = Recorded(b"".join(parts_of(exchange, forms)))
        assert decode(record.record) == record.exchange() == read
        assert (record.id, record.service_id) == (exchange.id, exchange.service_id)
        assert record.has_messages == (exchange.messages is not None)
        assert record.rows() == pack(exchange)


def a_head(*lines: str) -> HeadFields:
    return HeadFields(KNOWN.of(("\r\n".join(lines) + "\r\n\r\n").encode()))


KNOWN = KnownLines()
GZIP = gzip.compress(b'{"n\xc3\xa4h": 1}' * 400)
WITH_GZIP = [
    "Content-Encoding: gzip",
    "Content-Type: application/json",
    "X-Frame-Options: DENY",
]


def of_client(number: int) -> Exchange:
    return an_exchange(
        request_headers=a_head("Host: shop", "Accept: */*", f"X-Id: {number}"),
        response_headers=a_head(*WITH_GZIP, f"Date: day {number}"),
        response_body=Body(kept=GZIP, size=len(GZIP)),
    )


def test_rows_are_the_same_as_those_of_records_before() -> None:
    """Once a head is known its form has a name, and the row says what it always did."""
    forms, sets = HeadForms(), HeaderSets()
    for number in range(40):
        exchange = of_client(number)
        record = Recorded(b"".join(parts_of(exchange, forms)))
        gathered, former = Gathered(sets), Gathered(HeaderSets())
        gathered.add([record])
        former.add([exchange])
        assert gathered.logs == former.logs
        assert gathered.bodies == former.bodies
        ids = {one: id_field(n) for n, one in enumerate(gathered.used)}
        row = named_fields_of(b"".join(gathered.whole(ids)), WHOLE_COLUMNS)
        texts = [one.form for one in gathered.used]
        for side, headers in (
            ("request", exchange.request_headers),
            ("response", exchange.response_headers),
        ):
            set_id, values = row[f"{side}_set"], row[f"{side}_fields"]
            form = b"" if set_id is None else texts[int.from_bytes(set_id, "big")]
            assert joined(form, values or b"") == orjson.dumps(list(headers))
    assert record.passed is not None
    assert record.passed.sent_key != NO_KEY != record.passed.received_key
    assert texts == [
        b'[["Host","shop"],["Accept","*/*"],["X-Id","\1"]]',
        b'[["Content-Encoding","gzip"],["Content-Type","application/json"],'
        b'["X-Frame-Options","DENY"],["Date","\1"]]',
    ]
    assert (row["request_fields"], row["response_fields"]) == (b"39", b"day 39")


def test_lines_that_were_forgotten_and_are_remembered_anew_are_of_the_same_form() -> (
    None
):
    forms = HeadForms()
    found = set()
    for _ in range(3):
        known = KnownLines()
        for number in range(10):
            head = f"Host: shop\r\nAccept: */*\r\nX-Id: {number}\r\n\r\n".encode()
            found.add(forms.split(HeadFields(known.of(head))).form.text)
    whole = b'[["Host","shop"],["Accept","*/*"],["X-Id","\1"]]'
    assert {text for text in found if HOLE not in text or b"shop" in text} == {
        b"",
        whole,
    }


def test_a_field_that_has_too_many_values_is_a_hole() -> None:
    forms, known = HeadForms(), KnownLines()
    texts = set()
    for number in [*range(300)] * 4:
        head = f"Host: shop\r\nX-Of-Many: {number:09}\r\n\r\n".encode()
        texts.add(forms.split(HeadFields(known.of(head))).form.text)
    assert len(texts) < 40
    assert b'[["Host","shop"],["X-Of-Many","\1"]]' in texts


@pytest.mark.parametrize("missing", [1, 3])
def test_a_record_of_a_table_with_fewer_columns_has_nothing_in_the_others(
    missing: int,
) -> None:
    """As one is of a version before these."""
    record = b"".join(parts_of(of_client(1), HeadForms()))
    passed = Recorded(record).passed
    assert passed is not None
    sizes = list(HEAD.unpack_from(record))
    count = len(BEHIND_COLUMNS)
    there = record[passed.behind + 2 : passed.fields]
    # The last ones: whether there were bodies, and what ended the reading of messages.
    cut = there[: -5 * min(missing, 2) - 4 * (missing - 2 if missing > 2 else 0)]
    behind = (count - missing).to_bytes(2, "big") + cut
    sizes[2] = len(behind)
    former = b"".join(
        (
            HEAD.pack(*sizes),
            record[HEAD.size : passed.behind],
            behind,
            record[passed.fields :],
        )
    )
    gathered = Gathered(HeaderSets())
    gathered.add([Recorded(former)])
    ids = {one: id_field(7) for one in gathered.used}
    row = named_fields_of(b"".join(gathered.whole(ids)), WHOLE_COLUMNS)
    assert row["had_response_body"] is None
    assert row["id"] == decode(former).id.bytes
    assert decode(former).request_headers == decode(record).request_headers


@pytest.mark.parametrize("size", [0, 3, 40, HEAD.size, HEAD.size + 60])
def test_what_is_cut_is_no_record(size: int) -> None:
    record = b"".join(parts_of(of_client(1), HeadForms()))
    with pytest.raises(ValueError, match="record"):
        Recorded(record[:size])
    with pytest.raises(ValueError, match="record"):
        decode(record[:size])


def test_a_form_is_named_by_who_knows_it() -> None:
    """No two processes give two forms one name."""
    keys = set()
    for process in (1, 2):
        forms = HeadForms()
        for n in range(process * 1_000, process * 1_000 + 6):
            split = forms.split(of_client(n).request_headers)
        keys.add(split.form.key)
    assert len(keys) == 2
    assert NO_KEY not in keys


def test_what_is_held_of_forms_is_bounded() -> None:
    """Whoever sends ever other lines, each of them twice."""
    forms, known = HeadForms(), KnownLines()
    for number in range(6_000):
        long = f"{number % 300:0500}"
        content = f"Host: shop\r\nX-{number}: {long}\r\nX-Id: 1\r\n\r\n".encode()
        for _ in range(4):
            fields = HeadFields(known.of(content))
            split = forms.split(fields)
            whole = joined(split.form.text, split.values)
            assert whole == orjson.dumps(list(fields))
    assert forms.held_bytes <= 4 * 1024 * 1024
    assert forms.steps <= 1 << 14
