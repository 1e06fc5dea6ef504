"""Files of ours are as docs/formats.md draws them, read by that page alone."""

import json
import re
import struct
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from appliance.data.directory import DataDirectory
from appliance.data.files import Files
from monitor.access.ended_sessions import EndedSessions
from monitor.files.damaged import SUFFIX
from monitor.record.codec import decode, encode
from monitor.record.passed.forms import HeadForms
from monitor.record.passed.packing import parts_of
from monitor.redaction.work import WITHHELD
from monitor.registry.routes_file import load, save
from monitor.registry.table import RoutingTable
from monitor.settings import load as load_settings
from monitor.spool.segments import MAX_PAYLOAD, Damage, Segment, packed, segments
from monitor.spool.tallies import Tallies
from monitor.spool.tally import (
    DROPPED,
    EVENT,
    FINISHED,
    IN_FLIGHT,
    SHED,
    SPOOLED_BYTES,
    UNNAMED,
    UNROUTED,
    Damaged,
    Tally,
    read,
    settled,
)
from monitor.spool.writer import Spool
from monitor.storage.ledger.dead_letters import DeadLetters
from monitor.traffic.exchange import Body, BodyState, Exchange, Source, Timings
from monitor.traffic.fields import HeadFields
from monitor.traffic.line import line as a_line
from monitor.traffic.message import Direction, Medium, Message, MessageKind, Messages

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
SERVICE = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
LOG = UUID("019ac000-0000-7a1c-8c00-04a1b2c3d4e5")
NUMBERS = {"u1": "B", "u4": "I", "u8": "Q", "i8": "q"}
COLUMNS = {"int2": "h", "int4": "i", "int8": "q", "float8": "d", "timestamptz": "q"}
ALL = 1 << 30


def rows_under(heading: str) -> list[list[str]]:
    """The cells of the first table behind *heading*, a line of the page."""
    behind = f"\n{PAGE}".split(f"\n{heading}\n", 1)[1]
    found = re.search(r"(?:^\|.*\n)+", behind, re.MULTILINE)
    assert found is not None, heading
    lines = found[0].splitlines()[2:]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]


def example(title: str) -> bytes:
    found = re.search(rf"```\w+ {re.escape(title)}\n(.*?)\n```", PAGE, re.DOTALL)
    assert found is not None, title
    return found[1].encode()


def fields_at(content: bytes, heading: str, start: int = 0) -> dict[str, Any]:
    """What stands at *start*, by offsets, sizes and types of the table."""
    found: dict[str, Any] = {}
    for offset, size, kind, name, *_ in rows_under(heading):
        at = start + int(offset)
        taken = content[at : at + int(size)] if size else content[at:]
        if kind in NUMBERS:
            assert struct.calcsize(f"<{NUMBERS[kind]}") == int(size), name
            found[name] = struct.unpack(f"<{NUMBERS[kind]}", taken)[0]
        else:
            found[name] = UUID(bytes=taken) if kind == "uuid" else taken
    return found


def frames_of(content: bytes) -> list[dict[str, Any]]:
    line = re.search(r'"(apimonitor spool \d)\\n" <(\d+) bytes>', PAGE)
    assert line is not None
    at = int(line[2])
    assert content[:at] == f"{line[1]}\n".encode()
    found = []
    while at < len(content):
        frame = fields_at(content, "### Frame", at)
        frame["payload"] = frame["payload"][: frame["length"]]
        end = at + 36 + frame["length"]
        assert frame["mark"] == bytes.fromhex("a773706c")
        assert frame["checksum"] == zlib.crc32(content[at + 12 : end])
        found.append(frame)
        at = end
    return found


def columns_of(row: bytes, title: str) -> dict[str, Any]:
    """A row of COPY, by the fields that the page lists below *title*."""
    listed = rows_under(title)
    (count,) = struct.unpack_from("!h", row)
    assert count == len(listed)
    at, found = 2, dict[str, Any]()
    for name, kind, *_ in listed:
        (length,) = struct.unpack_from("!i", row, at)
        at += 4
        content = row[at : at + max(length, 0)]
        found[name] = None if length < 0 else column(content, kind)
        at += max(length, 0)
    assert at == len(row)
    return found


def column(content: bytes, kind: str) -> Any:
    if kind in COLUMNS:
        return struct.unpack(f"!{COLUMNS[kind]}", content)[0]
    if kind == "text[]":
        dimensions, nulls, oid, count, lower = struct.unpack_from("!5i", content)
        assert (dimensions, nulls, oid, lower) == (1, 0, 25, 1)
        at, texts = 20, []
        for _ in range(count):
            (length,) = struct.unpack_from("!i", content, at)
            texts.append(content[at + 4 : at + 4 + length].decode())
            at += 4 + length
        return texts
    made: dict[str, Callable[[bytes], Any]] = {
        "uuid": lambda value: UUID(bytes=value),
        "text": bytes.decode,
        "bytea": bytes,
        "bool": lambda value: value == b"\1",
    }
    return made[kind](content)


def record_of(payload: bytes) -> dict[str, Any]:
    """A record's parts: the head, the rows' columns, the messages."""
    head = fields_at(payload, "### Head of a record")
    assert head["mark"] == bytes.fromhex("ff727731")
    at, parts = 37, []
    for part in ("log", "detail", "body", "messages"):
        parts.append(payload[at : at + head[f"{part}_length"]])
        at += head[f"{part}_length"]
    log, detail, body, about = parts
    return {
        "head": head,
        "log": columns_of(log, "The log's row, for `logs`:"),
        "detail": columns_of(detail, "The details' row, for `logs` as well:"),
        "body": body and columns_of(body, "The bodies' row, for `log_bodies`:"),
        "about": json.loads(about) if about else None,
        "texts": payload[at:],
    }


def the_example(**fields: Any) -> Exchange:
    """That of the page's example."""
    made: dict[str, Any] = {
        "id": LOG,
        "service_id": SERVICE,
        "source": Source.PROXY,
        "method": "GET",
        "url": "http://shop/a?b=1",
        "path": "/a",
        "query_params": {"b": "1"},
        "status_code": 200,
        "latency_ms": 1.5,
        "source_ip": "::1",
        "request_headers": (("Host", "shop"),),
        "response_headers": (("Age", "7"),),
        "request_size": 0,
        "response_size": 2,
        "response_body": Body(kept=b"ok", size=2),
        "timings": Timings(ttfb_ms=1.25, overhead_ms=0.125),
    }
    return Exchange(**{**made, **fields})


def of_example() -> bytes:
    lines = PAGE.split("```hexdump\n")[1].split("\n```")[0].splitlines()
    content = b""
    for line in lines:
        position, _, digits = line.partition("  ")
        assert int(position, 16) == len(content)
        content += bytes.fromhex(digits)
    return content


def test_the_example_of_a_segment_is_read(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    path.write_bytes(of_example())
    (frame,) = Segment(path).read(0, limit_bytes=ALL)
    assert (frame.label, frame.end) == (SERVICE, len(of_example()))
    exchange = decode(frame.payload)
    made = the_example()
    assert [getattr(exchange, name) for name in Exchange.__slots__] == [
        getattr(made, name) for name in Exchange.__slots__
    ]
    assert f" {MAX_PAYLOAD:,} " in PAGE
    # And what is written is that, to the byte.
    assert of_example()[19:] == packed(encode(made), SERVICE, frame.at_ms)


def test_a_segment_that_was_written_is_as_drawn(tmp_path: Path) -> None:
    told = Messages(
        medium=Medium.WEBSOCKET,
        count=5,
        problem="cut",
        kept=tuple(
            Message(
                direction=Direction.SENT,
                kind=MessageKind.TEXT,
                offset_ms=2.0,
                kept=text,
                size=9,
                wire_size=9,
            )
            for text in (b"one", b"three")
        ),
    )
    second = the_example(
        source=Source.INGEST,
        tags=("a", "ü"),
        replay_of=SERVICE,
        error="dns: no such name",
        status_code=None,
        duration_ms=3.5,
        client_url="http://front/x/a?b=1",
        request_headers={"Host": ["shop"]},
        request_body=Body(kept=b"\xff", size=70_000),
        response_body=Body(kept=b"", size=8, state=BodyState.WITHHELD, is_limited=True),
        timings=Timings(connect_ms=4.5, tls_ms=5.5),
        messages=told,
    )
    bare = the_example(response_body=None, query_params={}, messages=None)
    spool = Spool(tmp_path, limit_bytes=ALL)
    for exchange in (second, bare):
        spool.append(encode(exchange), SERVICE)
    spool.close()
    (segment,) = segments(tmp_path)
    assert re.fullmatch(r"[0-9a-f]{16}-00000001\.seg", segment.name)

    frames = frames_of(segment.path.read_bytes())
    assert [frame["label"] for frame in frames] == [SERVICE, SERVICE]
    record = record_of(frames[0]["payload"])
    head, log, detail, body = [record[n] for n in ("head", "log", "detail", "body")]
    assert (head["request_body_size"], head["response_body_size"]) == (70_000, 8)
    assert head["is_complete"] == 1
    microseconds = ((LOG.int >> 80) - 946_684_800_000) * 1000
    bucket = (LOG.int >> 64 & 0xFFF) << 4 | LOG.int >> 58 & 0xF
    for row in (log, detail, body):
        assert (row["bucket"], row["ts"], row["id"]) == (bucket, microseconds, LOG)
    plain = (
        "service_id source method path error source_ip status_code "
        "latency_ms duration_ms request_size response_size replay_of"
    )
    for name in plain.split():
        assert log[name] == getattr(second, name), name
    parts = "url", "origin", "query", "query_params", "endpoint"
    assert [log[name] for name in parts] == [None, "http://shop", "?b=1", None, None]
    assert (log["client_url"], log["client_origin"]) == (None, "http://front/x")
    assert log["tags"] == ["a", "ü"]
    assert json.loads(detail["request_headers"]) == {"Host": ["shop"]}
    assert json.loads(detail["response_headers"]) == [["Age", "7"]]
    for name in ("connect_ms", "tls_ms", "ttfb_ms", "overhead_ms"):
        assert detail[name] == getattr(second.timings, name), name
    assert (detail["message_count"], detail["event_count"]) == (5, None)
    assert detail["messages_problem"] == "cut"
    assert (detail["had_request_body"], detail["had_response_body"]) == (True, False)
    assert (body["request_body"], body["request_state"]) == (b"\xff", "kept")
    assert (body["request_truncated"], body["request_is_text"]) == (True, False)
    assert (body["response_body"], body["response_state"]) == (None, "limited")
    medium, count, problem, each = record["about"]
    assert (medium, count, problem) == ("websocket", 5, "cut")
    assert each == [
        ["sent", "text", 2.0, length, 9, 9, "kept", None, None] for length in (3, 5)
    ]
    assert record["texts"] == b"onethree"

    record = record_of(frames[1]["payload"])
    assert (record["body"], record["about"], record["texts"]) == (b"", None, b"")
    # None, though the query has some.
    assert record["log"]["query_params"] == "{}"
    assert record["head"]["request_body_size"] == -1


def changed(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


# A frame of three, of which each is 100 bytes long behind the first line.
FRAME = 100
DAMAGE_TO_SEGMENTS: dict[str, Callable[[bytes], bytes]] = {
    "the end is cut within the third frame: its writer was killed": lambda c: c[:-9],
    "a byte of the second payload is another one": lambda c: changed(c, 19 + 190),
    "a byte of the third payload is another one": lambda c: changed(c, 19 + 290),
    "the length of the second frame is another one": lambda c: changed(c, 19 + 104),
    "the mark of the second frame is another one": lambda c: changed(c, 19 + 100),
    "there are bytes between the first frame and the second": (
        lambda c: c[: 19 + 100] + b"\xa7spl and more" + c[19 + 100 :]
    ),
    "the first line is another one": lambda c: changed(c, 17),
    "the end is cut within the first line": lambda c: c[:7],
}


@pytest.mark.parametrize(
    "row", rows_under("### What damage to a segment does"), ids=lambda row: row[0]
)
def test_damage_to_a_segment_does_what_is_said(row: list[str], tmp_path: Path) -> None:
    damage, shown, counted = row
    payloads = [bytes([n]) * (FRAME - 36) for n in (1, 2, 3)]
    whole = b"apimonitor spool 2\n" + b"".join(packed(p, SERVICE, 1) for p in payloads)
    path = tmp_path / "segment"
    path.write_bytes(DAMAGE_TO_SEGMENTS[damage](whole))
    segment = Segment(path)

    frames = segment.read(0, limit_bytes=ALL, over_damage=True)
    assert [str(frame.payload[0]) for frame in frames] == re.findall(r"\d", shown)
    end = frames[-1].end if frames else 19
    skipped = [frame.damage for frame in frames]
    if segment.size() > end:
        skipped.append(segment.damage_at(end))
    found = [one for one in skipped if isinstance(one, Damage)]
    words = {"torn"} if segment.size() > end else set()
    words |= {"dropped{damaged}" for one in found if one.label == SERVICE}
    assert words == set(re.findall(r"`(.*?)`", counted))
    is_kept = "cut" not in damage and "line" not in damage
    assert bool(found) == is_kept
    # While its writer lives, a reader stops before it.
    until = segment.read(0, limit_bytes=ALL)
    assert [frame.payload for frame in until] == payloads[: len(until)]


def test_each_kind_of_damage_is_tried() -> None:
    rows = rows_under("### What damage to a segment does")
    assert {row[0] for row in rows} == set(DAMAGE_TO_SEGMENTS)
    rows = rows_under("### What damage to a tally does")
    assert {row[0] for row in rows} == set(DAMAGE_TO_TALLIES)


def cells_of(content: bytes) -> dict[tuple[UUID, str], int]:
    start = int(rows_under("### Head of a tally")[-1][0])
    counts = {}
    for at in range(start, len(content) - 63, 64):
        cell = fields_at(content[:at] + content[at : at + 64], "### Cell", at)
        word = cell["word"].rstrip(b"\0").decode()
        if cell["count"]:
            counts[cell["service_id"], word] = cell["count"]
    return counts


def test_the_words_of_a_tally_are_those_that_are_counted() -> None:
    listed = [re.split("[`<]", row[0])[1] for row in rows_under("### Words of a tally")]
    plain = {FINISHED, IN_FLIGHT, SPOOLED_BYTES, UNNAMED}
    assert set(listed) == plain | {DROPPED, SHED, UNROUTED, EVENT, WITHHELD}


def a_tally(directory: Path) -> Tally:
    """That of a process that was killed after it had promised its second exchange."""
    tally = Tally(directory, f"{7:016x}")
    tally.dropped(SERVICE, "spool_full")
    tally.add(SERVICE, "in_flight")
    tally.add(UUID(int=0), "spooled_bytes", 300)
    tally.promise(SERVICE, (3, 500), begin=400)
    return tally


def test_a_tally_is_as_drawn(tmp_path: Path) -> None:
    tally = a_tally(tmp_path)
    path = tmp_path / f"{7:016x}.tally"
    content = path.read_bytes()
    tally.close()
    assert len(content) == 65_536
    head = fields_at(content, "### Head of a tally")
    assert head["line"] == b"apimonitor tally 1\n"
    counts = {
        (SERVICE, "finished"): 1,
        (SERVICE, "dropped:spool_full"): 1,
        (SERVICE, "in_flight"): 1,
        (UUID(int=0), "spooled_bytes"): 300,
    }
    assert cells_of(content) == counts == read(path)
    assert (head["is_promised"], head["segment"], head["end"]) == (1, 3, 500)
    at = head["finished_at"] * 8
    assert content[at : at + 8] == (1).to_bytes(8, "little")
    assert (head["finished"], head["dropped_at"], head["dropped"]) == (2, 0, 0)
    assert head["begin"] == 400

    # Once it is gone: the segment decides, and one that is removed was recorded.
    segment = tmp_path / f"{7:016x}-00000003.seg"
    segment.write_bytes(bytes(499))
    assert settled(path, tmp_path)[SERVICE, "finished"] == 1
    segment.write_bytes(bytes(500))
    assert settled(path, tmp_path)[SERVICE, "finished"] == 2
    segment.unlink()
    after = settled(path, tmp_path)
    assert after[SERVICE, "finished"] == 2
    assert (SERVICE, "in_flight") not in after


def test_a_tally_made_from_the_page_is_counted(tmp_path: Path) -> None:
    content = bytearray(1024)
    values = {"line": b"apimonitor tally 1\n", "cells": b""}
    for offset, _, _, name, *_ in rows_under("### Head of a tally"):
        at, value = int(offset), values.get(name, b"")
        content[at : at + len(value)] = value
    cell = {"service_id": SERVICE.bytes, "word": b"finished", "count": bytes([9])}
    for offset, _, _, name, *_ in rows_under("### Cell"):
        at = 128 + 64 + int(offset)
        content[at : at + len(cell[name])] = cell[name]
    path = tmp_path / "made.tally"
    path.write_bytes(content)
    tallies = Tallies(tmp_path, spool=tmp_path)
    assert tallies.counts() == {(SERVICE, "finished"): 9}
    kept = json.loads((tmp_path / "base.json").read_bytes())
    assert kept == {"taken": [path.name], "counts": [[str(SERVICE), "finished", 9]]}
    assert set(kept) == set(json.loads(example("base.json")))


def with_word(content: bytes, at: int, value: bytes) -> bytes:
    return content[:at] + value + content[at + len(value) :]


DAMAGE_TO_TALLIES: dict[str, Callable[[bytes], bytes]] = {
    "the first line is another one": lambda c: changed(c, 17),
    "it is shorter than 128 bytes": lambda c: c[:120],
    "its length is no multiple of 8": lambda c: c[:-1],
    "a word is not `[a-z_]+` with at most two `:[a-z0-9_.-]+` behind it": (
        lambda c: with_word(c, 128 + 128 + 16, b"F")
    ),
    "a count is more than 2⁶⁰": lambda c: with_word(c, 128 + 128 + 63, b"\x20"),
    "a promise names a place behind the end": lambda c: with_word(c, 88 + 4, b"\1"),
    "the end is cut between cells": lambda c: c[: 128 + 64 * 4],
}


@pytest.mark.parametrize(
    "row", rows_under("### What damage to a tally does"), ids=lambda row: row[0]
)
def test_damage_to_a_tally_does_what_is_said(row: list[str], tmp_path: Path) -> None:
    damage, becomes = row
    a_tally(tmp_path).close()
    path = tmp_path / f"{7:016x}.tally"
    path.write_bytes(DAMAGE_TO_TALLIES[damage](path.read_bytes()))
    if becomes != "put aside":
        assert settled(path, tmp_path)[SERVICE, "finished"] == 2
        return
    with pytest.raises(Damaged):
        settled(path, tmp_path)
    assert Tallies(tmp_path, spool=tmp_path).counts() == {}
    assert [one.name for one in tmp_path.glob("*.tally*")] == [f"{path.name}{SUFFIX}"]


def test_the_example_of_tallies_taken_over_is_read(tmp_path: Path) -> None:
    (tmp_path / "base.json").write_bytes(example("base.json"))
    counts = Tallies(tmp_path, spool=tmp_path).counts()
    assert counts == {(SERVICE, "finished"): 7, (UUID(int=0), "spooled_bytes"): 3129}


def test_a_dead_letter_is_as_drawn(tmp_path: Path) -> None:
    path = tmp_path / "dead-letters.seg"
    letters, record = DeadLetters(path), encode(the_example())
    letters.append(LOG, SERVICE, "UntranslatableCharacterError", record)
    (frame,) = frames_of(path.read_bytes())
    payload = frame["payload"]
    found = fields_at(payload, "## Dead letters")
    end = 4 + found["head_length"]
    assert payload[4:end] == example("head of a dead letter")
    assert payload[end:] == record

    # The same bytes, made from the page.
    made = packed(payload[:end] + record, SERVICE, frame["at_ms"])
    path.write_bytes(b"apimonitor spool 2\n" + made)
    assert [letter.record for letter in DeadLetters(path).all()] == [record]


def test_the_example_of_routes_is_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "routes.json"
    path.write_bytes(example("routes.json"))
    table = load(path)
    (service,) = table.services
    assert (table.version, service.id, service.redact_fields) == (
        3,
        SERVICE,
        ("$.card",),
    )
    save(RoutingTable(table.services, version=3), path)
    written, shown = json.loads(path.read_bytes()), json.loads(example("routes.json"))
    # A field that came since has its default where it is missing.
    (each,) = shown["services"]
    assert {**written["services"][0], **each} == written["services"][0]


def test_the_example_of_ended_sessions_is_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "ended-sessions"
    path.write_bytes(example("ended-sessions") + b"\n")
    nonce, until = "00112233445566778899aabb", 1_764_201_600
    assert EndedSessions(path).holds(nonce, until)
    EndedSessions(path).add("aa", 1 << 40)
    digits, _, kept = path.read_bytes().partition(b" ")
    assert int(digits, 16) == zlib.crc32(kept.removesuffix(b"\n"))
    shown = json.loads(example("ended-sessions").partition(b" ")[2])
    assert set(json.loads(kept)) == set(shown)


def test_what_a_start_makes_is_listed_and_as_said(tmp_path: Path) -> None:
    data, settings = DataDirectory(tmp_path), load_settings({"DATA_DIR": str(tmp_path)})
    data.make()
    with ExitStack() as closing:
        files = Files.opened(settings, data, closing)
        files.spool.append(encode(the_example()), SERVICE)
        files.ended_sessions.add("aa", 1 << 40)
        files.dead_letters.append(LOG, SERVICE, "DataError", b"")
        save(RoutingTable(), data.routes)
        with files.dead_letters.alone(), files.tickets.issued(LOG) as ticket:
            made = {path for path in tmp_path.rglob("*") if path.is_file()}
            digest = sha256(ticket.token.encode()).hexdigest()
            assert ticket.path.name == digest and not ticket.path.read_bytes()
            files.tickets.claim(ticket.token, LOG)
            assert (ticket.path.parent / f"{digest}.{LOG}").exists()
        files.spool.close()
    data.release()
    rows = rows_under("# Files of ours")
    named = [name for row in rows for name in re.findall("`(.*?)`", row[0])]
    known = [re.sub("<.*?>", "[0-9a-f]+", re.escape(name)) for name in named]
    for path in made:
        name = str(path.relative_to(tmp_path))
        assert any(re.fullmatch(pattern, name) for pattern in known), name
    # All of them but the one that a process's end makes.
    assert len(made) == len(named) - 1

    lengths = {
        row[0].strip("`"): int(re.findall(r"\d+", row[1])[0])
        for row in rows_under("## Small files")
    }
    assert set(lengths) == {"installation", "secret.key"}
    for name, length in lengths.items():
        assert re.fullmatch(rf"[0-9a-f]{{{length}}}", (tmp_path / name).read_text())


def test_a_record_of_what_passed_is_as_drawn() -> None:
    host = a_line("Host", "shop")
    host.repeats = True
    made = the_example(
        request_headers=HeadFields([host, a_line("Age", "7")]),
        response_headers=HeadFields([a_line("Content-Encoding", "gzip")]),
        response_body=Body(kept=b"\xff", size=2),
    )
    forms = HeadForms()
    whole, _, payload = [b"".join(parts_of(made, forms)) for _ in range(3)]
    head = fields_at(payload, "### Record of what passed")
    assert head["mark"] == bytes.fromhex("ff727732")
    parts, at = dict[str, bytes](), 80
    assert f"│ <{at} B> │ " in PAGE
    for name in head:
        if name.endswith("_length"):
            parts[name.removesuffix("_length")] = payload[at : at + head[name]]
            at += head[name]
    assert at == len(payload)
    log = columns_of(parts["log"], "The log's row, for `logs`:")
    assert (log["id"], log["path"], log["query"]) == (LOG, made.path, "?b=1")
    listed = [name for name, *_ in rows_under("The details' row, for `logs` as well:")]
    assert int.from_bytes(parts["behind"][:2], "big") == len(listed) - 5
    assert parts["request_form"] == b'[["Host","shop"],["Age","\1"]]'
    assert parts["request_fields"] == b"\0\0\0\x017"
    assert head["request_form_name"] != bytes(12) == head["response_form_name"]
    assert parts["response_fields"][4:] == b'[["Content-Encoding","gzip"]]'
    assert json.loads(parts["lacking"]) == [None, ["gzip", None, True]]
    assert (head["request_body_size"], head["response_body_size"]) == (-1, 2)
    assert decode(whole) == decode(payload)
