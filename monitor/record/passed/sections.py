"""Records of what passed the proxy, read: heads are in them as they are stored."""

import struct
from typing import Any, Final

import orjson

from monitor.record.binary import NULL, bytes_field, text_field
from monitor.record.columns import (
    BEHIND_COLUMNS,
    BODY_COLUMNS,
    COUNT_SIZE,
    DETAIL_COLUMNS,
    LENGTH_SIZE,
    SIDES,
)
from monitor.record.complete import padded
from monitor.record.pack import BODY_BEGINS, DETAIL_BEGINS, KEY, LOG_BEGINS
from monitor.record.pack_bodies import searched_as
from monitor.record.passed.forms import joined
from monitor.record.unpack import fields_of, places_of

# A mark of this form of records; lengths of the log's row, of what is behind its heads,
# of their two fields, of their two forms, of the bodies' row, of what is said of texts
# that it lacks, of the messages' JSON; sizes of the two bodies, -1 for none; the names
# of the two forms.
HEAD: Final = struct.Struct("<4s9Iqq12s12s")
MARK: Final = b"\xffrw2"
BEHIND_BEGINS: Final = len(BEHIND_COLUMNS).to_bytes(COUNT_SIZE, "big")
# As details, a row has its key and its heads before.
BEFORE_BEHIND: Final = len(DETAIL_COLUMNS) - len(BEHIND_COLUMNS)
KEY_END: Final = COUNT_SIZE + KEY.size
TWO: Final = (2).to_bytes(COUNT_SIZE, "big")
CONTENTS: Final = [BODY_COLUMNS.index(f"{side}_body") for side in SIDES]
TEXTS: Final = [BODY_COLUMNS.index(f"{side}_text") for side in SIDES]


class Sections:
    """Where the parts of *record* are. Raises ValueError where it is cut."""

    __slots__ = (
        "behind",
        "body",
        "fields",
        "forms",
        "lacking",
        "messages",
        "messages_end",
        "received_key",
        "received_size",
        "record",
        "second_form",
        "sent_key",
        "sent_size",
    )

    def __init__(self, record: bytes) -> None:
        if len(record) < HEAD.size:
            raise ValueError("a record is shorter than its head")
        sizes: tuple[Any, ...] = HEAD.unpack_from(record)
        self.record = record
        self.behind: int = HEAD.size + sizes[1]
        self.fields: int = self.behind + sizes[2]
        self.forms: int = self.fields + sizes[3] + sizes[4]
        self.second_form: int = self.forms + sizes[5]
        self.body: int = self.second_form + sizes[6]
        self.lacking: int = self.body + sizes[7]
        self.messages: int = self.lacking + sizes[8]
        self.messages_end: int = self.messages + sizes[9]
        self.sent_size: int = sizes[10]
        self.received_size: int = sizes[11]
        self.sent_key: bytes = sizes[12]
        self.received_key: bytes = sizes[13]
        if self.messages_end > len(record):
            raise ValueError("a record's lengths do not add up to its size")

    def log(self) -> bytes:
        return padded(self.record[HEAD.size : self.behind], LOG_BEGINS)

    def behind_heads(self) -> bytes:
        """What is behind the heads in a row of details, the two fields of heads in one
        of logs, of this version."""
        begin = self.behind
        record = self.record
        if record[begin : begin + COUNT_SIZE] == BEHIND_BEGINS:
            return record[begin + COUNT_SIZE : self.forms]
        count = int.from_bytes(record[begin : begin + COUNT_SIZE], "big")
        missing = len(BEHIND_COLUMNS) - count
        there = record[begin + COUNT_SIZE : self.fields]
        return there + NULL * missing + record[self.fields : self.forms]

    def sent_form(self) -> bytes:
        return self.record[self.forms : self.second_form]

    def received_form(self) -> bytes:
        return self.record[self.second_form : self.body]

    def detail(self) -> bytes:
        """As a row of details, with whole heads."""
        record, begin = self.record, self.behind
        count = int.from_bytes(record[begin : begin + COUNT_SIZE], "big")
        sent, received = fields_of(TWO + record[self.fields : self.forms])
        heads = [
            joined(self.sent_form(), sent or b""),
            joined(self.received_form(), received or b""),
        ]
        made = b"".join(
            (
                (count + BEFORE_BEHIND).to_bytes(COUNT_SIZE, "big"),
                record[HEAD.size + COUNT_SIZE : HEAD.size + KEY_END],
                *[bytes_field(head) for head in heads],
                record[begin + COUNT_SIZE : self.fields],
            )
        )
        return padded(made, DETAIL_BEGINS)

    def bodies(self) -> bytes:
        """The bodies' row, with the texts of coded ones as they are searched."""
        row = self.record[self.body : self.lacking]
        if self.lacking < self.messages:
            lacking = orjson.loads(self.record[self.lacking : self.messages])
            row = _completed(row, lacking)
        return padded(row, BODY_BEGINS) if row else row


def _completed(row: bytes, lacking: list[Any]) -> bytes:
    """*lacking*: of each side whose text is not there, its coding, its type, and
    whether it was cut. Raises ValueError where *row* is none."""
    places = places_of(row)
    pieces: list[bytes] = []
    at = 0
    for side, said in enumerate(lacking):
        if said is None:
            continue
        coding, declared, is_cut = said
        begin, size = places[CONTENTS[side]]
        text_begin, _ = places[TEXTS[side]]
        found = searched_as(
            row[begin : begin + size], coding, declared, truncated=is_cut
        )
        pieces += (row[at : text_begin - LENGTH_SIZE], text_field(found))
        at = text_begin
    pieces.append(row[at:])
    return b"".join(pieces)
