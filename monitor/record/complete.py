"""Rows of records as PostgreSQL takes them, of those that lack something."""

from monitor.record.binary import NULL, bytes_field
from monitor.record.columns import BODY_COLUMNS, COUNT_SIZE, DETAIL_COLUMNS, SIDES
from monitor.record.pack_bodies import searched
from monitor.record.unpack import named_fields_of
from monitor.traffic.fields import headers_of


def padded(row: bytes, count: bytes) -> bytes:
    """*row* with null for the columns that it is too old to have.

    *count*: how many there are now, as a row begins.
    """
    if row.startswith(count):
        return row
    missing = int.from_bytes(count, "big") - int.from_bytes(row[:COUNT_SIZE], "big")
    # PostgreSQL refuses one that has more.
    return count + row[COUNT_SIZE:] + NULL * missing if missing > 0 else row


def with_texts(body: bytes, detail: bytes) -> bytes:
    """The bodies' row, with the texts of coded ones as they are searched.

    *detail*: the row that has their headers. Raises ValueError where one is no row.
    """
    fields = named_fields_of(body, BODY_COLUMNS)
    headers = named_fields_of(detail, DETAIL_COLUMNS)
    for side in SIDES:
        content, text = fields[f"{side}_body"], fields[f"{side}_text"]
        if content is None or text is not None or fields[f"{side}_is_text"] == b"\1":
            continue
        is_cut = fields[f"{side}_truncated"] == b"\1"
        try:
            pairs = headers_of(headers[f"{side}_headers"])
            found = searched(content, pairs, truncated=is_cut)
        except (AttributeError, TypeError) as error:
            raise ValueError(f"a record has no headers: {error}") from None
        fields[f"{side}_text"] = None if found is None else found.encode()
    each = [NULL if field is None else bytes_field(field) for field in fields.values()]
    return b"".join((len(each).to_bytes(COUNT_SIZE, "big"), *each))
