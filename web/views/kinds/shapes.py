"""A body in the shapes that its kind has: a tree, a table, parts, text, octets."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from monitor.content.body import BodyKind, as_text, field_value
from monitor.content.kinds import graphql, grpc, msgpack, protobuf, xml
from monitor.content.kinds.jwt import ReadToken, tokens_in
from monitor.content.kinds.multipart import Part, parts_of
from monitor.content.kinds.tree import TreeRow, tree_of
from monitor.content.layout import hexdump, laid_out
from monitor.json.bounds import values_beginning
from monitor.json.text import json_pieces, json_values
from monitor.logs.display import ShownBody, pairs, shown_body
from monitor.logs.log import LogDetail, StoredBody
from monitor.traffic.fields import Fields, HeaderObject
from monitor.traffic.mask import MASK
from web.views.bodies import MAX_HEX_BYTES, SHOWN_CHARACTERS, Side, bare_side, image_of
from web.views.kinds.forms import form_pairs

# A tree of more is slower to read than its text.
TREE_ROWS = 2_000
FIELDS = 5_000
PART_BYTES = 64 * 1024
PART_CHARACTERS = 4_000
# Where tokens are looked for in a body.
TOKEN_CHARACTERS = 256 * 1024
PROTOBUF = ("protobuf", "x-protobuf", "vnd.google.protobuf", "proto")
MSGPACK = ("msgpack", "x-msgpack", "vnd.msgpack")
FRAMED = ("application/grpc", "application/connect+")


class PartView(NamedTuple):
    """A part of a multipart body: *text*, else *hex*, of its beginning."""

    name: str
    filename: str | None
    content_type: str | None
    size: int
    text: str | None
    hex: str | None
    image: str | None


class Shape(NamedTuple):
    """One way to show a body: what of these is set; *note* says what is left out."""

    name: str
    tree: list[TreeRow] | None = None
    text: str | None = None
    pairs: list[tuple[str, str]] | None = None
    parts: list[PartView] | None = None
    image: str | None = None
    is_hex: bool = False
    note: str | None = None


class Shapes(NamedTuple):
    side: Side
    shapes: list[Shape]
    tokens: list[ReadToken]
    is_limited: bool = False


def shapes_of(detail: LogDetail, side: str, limit: int) -> Shapes:
    """Of the *side* request or response; the first shape is the one to begin with."""
    stored: StoredBody = getattr(detail, f"{side}_body")
    headers: Fields | HeaderObject = getattr(detail, f"{side}_headers")
    shown = shown_body(stored, headers)
    made = list(_shapes(shown, headers, side, limit)) if shown.content else []
    tokens = _tokens(shown, headers)
    return Shapes(bare_side(detail, side), made, tokens, shown.is_begun)


def _tokens(shown: ShownBody, headers: Fields | HeaderObject) -> list[ReadToken]:
    texts = [(name, value) for name, value in pairs(headers) if value != MASK]
    return tokens_in([*texts, ("body", (shown.text or "")[:TOKEN_CHARACTERS])])


def _shapes(
    shown: ShownBody, headers: Fields | HeaderObject, side: str, limit: int
) -> Iterator[Shape]:
    declared = field_value(headers, "content-type") or ""
    content = shown.content or b""
    image = None if shown.truncated else image_of(content, declared)
    if image is not None:
        yield Shape("Image", image=image)
    yield from _binary(content, declared.lower(), headers)
    match shown.kind:
        case BodyKind.MULTIPART:
            yield from _multipart(content, declared)
        case BodyKind.FORM if shown.text is not None:
            yield from form_pairs_shape(shown.text, limit)
        case BodyKind.XML if shown.text is not None:
            yield from _xml(shown.text)
        case _ if shown.text is not None:
            yield from _json(shown, side, limit)
    if shown.text is not None:
        yield _text("Raw", shown.text)
    yield Shape(
        "Hex",
        text=hexdump(content, limit=MAX_HEX_BYTES),
        is_hex=True,
        note=_hex_note(content),
    )


def _hex_note(content: bytes) -> str | None:
    return "The first 4 KiB are shown." if len(content) > MAX_HEX_BYTES else None


def _text(name: str, text: str) -> Shape:
    note = None
    if len(text) > SHOWN_CHARACTERS:
        note = f"The first {SHOWN_CHARACTERS:,} characters are shown."
    return Shape(name, text=text[:SHOWN_CHARACTERS], note=note)


def _binary(
    content: bytes, declared: str, headers: Fields | HeaderObject
) -> Iterator[Shape]:
    """What only its type tells: gRPC, Protocol Buffers, MessagePack."""
    subtype = declared.partition(";")[0].strip().partition("/")[2]
    try:
        if declared.startswith(FRAMED):
            coding = field_value(headers, "grpc-encoding")
            value: Any = grpc.frames_of(content, declared, coding, most=FIELDS)
            name = "gRPC, by field number"
        elif subtype in PROTOBUF or subtype.endswith("+proto"):
            value = protobuf.message_of(content, most=FIELDS)
            name = "Protobuf, by field number"
        elif subtype in MSGPACK or subtype.endswith("+msgpack"):
            value, name = msgpack.value_of(content), "MessagePack"
        else:
            return
    except ValueError:
        return
    yield from _tree(name, value)


def _tree(name: str, value: Any) -> Iterator[Shape]:
    rows = tree_of(value, most=TREE_ROWS)
    if rows is not None:
        yield Shape(name, tree=rows)


def _json(shown: ShownBody, side: str, limit: int) -> Iterator[Shape]:
    values, text = _documents(shown, limit), shown.text or ""
    if not values:
        return
    if side == "request" and len(values) == 1:
        yield from _graphql(values[0])
    name, value = ("Lines", values) if len(values) > 1 else ("Tree", values[0])
    yield from _tree(name, value)
    laid = laid_out(shown.kind, text, limit=limit)
    if laid.text != text:
        yield _text("Text", laid.text)


def _documents(shown: ShownBody, limit: int) -> list[Any]:
    """One or one a line; none where the text is no JSON of objects or arrays."""
    text = shown.text or ""
    if shown.kind not in (BodyKind.JSON, BodyKind.TEXT):
        return []
    if values_beginning(text, limit).problem is not None:
        return []
    try:
        values = json_values(text)
    except (ValueError, RecursionError):
        return []
    are_nested = all(isinstance(one, dict | list) for one in values)
    return values if are_nested else []


def _graphql(value: Any) -> Iterator[Shape]:
    for operation in graphql.operations_of(value):
        note = operation.name and f"operationName: {operation.name}"
        yield Shape("Query", text=operation.query[:SHOWN_CHARACTERS], note=note)
        if operation.variables:
            yield from _tree("Variables", operation.variables)


def form_pairs_shape(text: str, limit: int) -> Iterator[Shape]:
    found = form_pairs(text, limit)
    if found is not None:
        yield Shape("Form", pairs=found)


def _xml(text: str) -> Iterator[Shape]:
    laid = xml.laid_out(text) if len(text) <= SHOWN_CHARACTERS else None
    if laid is not None:
        yield _text("XML", laid)


def _multipart(content: bytes, declared: str) -> Iterator[Shape]:
    try:
        found = parts_of(content, declared, keep=PART_BYTES)
    # multipart's own errors are ValueErrors.
    except ValueError:
        return
    if found:
        yield Shape("Parts", parts=[_part(part) for part in found])


def _part(part: Part) -> PartView:
    is_whole = part.size <= PART_BYTES
    text = as_text(part.content, truncated=not is_whole)
    image = image_of(part.content, part.content_type or "") if is_whole else None
    return PartView(
        part.name,
        part.filename,
        part.content_type,
        part.size,
        None if text is None else _inner(text),
        hexdump(part.content, limit=512) if text is None and image is None else None,
        image,
    )


def _inner(text: str) -> str:
    """A part that is JSON laid out."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            [value] = json_values(text)
            return "".join(json_pieces(value, "  ", "\n"))[:PART_CHARACTERS]
        except (ValueError, RecursionError):
            pass
    return text[:PART_CHARACTERS]
