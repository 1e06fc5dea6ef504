"""Rows of made-up logs are those that their records would have been stored as."""

from collections import Counter
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

from appliance.fill.making import Maker
from appliance.fill.shop import sketches
from appliance.fill.templates import Moment, Template
from monitor.record.cells import changes_of
from monitor.record.columns import LOG_COLUMNS, SIDES, WHOLE_COLUMNS
from monitor.record.header_lines import HOLE
from monitor.record.header_sets import id_field
from monitor.record.parts.cut import cut
from monitor.record.unpack import named_fields_of

START = int(datetime(2026, 11, 27, 9, 58, tzinfo=UTC).timestamp() * 1000)


def test_finished_rows_are_what_is_stored_of_their_records() -> None:
    ids = {name: uuid4() for name in ("payments", "search")}
    maker = Maker(
        [
            Template(sketch, id)
            for name, id in ids.items()
            for sketch in sketches(name, Random(3), variants=2)
        ]
    )
    moments = [
        Moment(START, START + 120_000, 300),
        Moment(START + 120_000, START + 720_000, 200),
    ]
    for batch in (maker.batch(moments), maker.batch(moments)):
        records = batch.records()
        rows = [record.rows() for record in records]
        numbers = {one: n for n, one in enumerate(batch.sets)}
        logs = list(batch.logs({one: id_field(n) for one, n in numbers.items()}))
        assert len(set(batch.keys)) == len(logs) == 500
        assert batch.keys == [record.key for record in records]
        assert [key[:6] for key in batch.keys] == sorted(k[:6] for k in batch.keys)
        assert set(batch.services) == set(ids.values())
        assert {str(one.ts.date()) for one in batch.sets} == {str(batch.day)}
        assert batch.bodies == [cut(each.body)[0] for each in rows if each.body]
        assert Counter(batch.changes) == Counter(changes_of([r.log for r in rows]))
        for log, row in zip(logs, rows, strict=True):
            stored = named_fields_of(log, WHOLE_COLUMNS)
            packed = named_fields_of(row.log, LOG_COLUMNS)
            assert {name: stored[name] for name in LOG_COLUMNS} == packed
            for side in SIDES:
                number = int.from_bytes(stored[f"{side}_set"] or b"", "big")
                form = batch.sets[number].form
                values = (stored[f"{side}_fields"] or b"").split(HOLE)
                head = _filled(form, values)
                assert head in row.detail
    # What repeats is stored once a day: not a set a log.
    assert len(batch.sets) < 150


def _filled(form: bytes, values: list[bytes]) -> bytes:
    texts = form.split(HOLE)
    assert len(texts) == len(values) + 1 or (len(texts) == 1 and values == [b""])
    pairs = zip(texts[1:], values, strict=False)
    return texts[0] + b"".join(value + text for text, value in pairs)
