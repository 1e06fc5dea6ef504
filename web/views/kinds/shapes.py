"""A body in the shapes that its kind has: a tree, a table, parts, text, octets."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from monitor.content.body import BodyKind, as_text, field_value
from monitor.content.kinds import graphql, grpc, msgpack, protobuf, xml
from monitor.content.kinds.jwt import ReadToken, tokens_in
from monitor.content.kinds.multipart import Part, parts_of
from monitor.content.kinds.tree import TreeRow, tree_of
from monitor.content.layout import hexdump, laid_out
from monitor.json.text import json_pieces, json_values
from monitor.logs.display import ShownBody, pairs, shown_body
from monitor.logs.log import LogDetail, StoredBody
from monitor.traffic.fields import Fields, HeaderObject
from monitor.traffic.mask import MASK
from web.views.bodies import (
    FIRST_CHARACTERS,
    MAX_HEX_BYTES,
    SHOWN_CHARACTERS,
    Side,
    bare_side,
    image_of,
)
from web.views.kinds.documents import documents_of
from web.views.kinds.forms import FormField, form_fields
from web.views.kinds.held import held_as_text, held_in_json

# Of a tree at once; a row says where there are more.
TREE_ROWS = 400
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
    # Its text as it stands in the body, where queries find it there.
    held: str


class Wish(NamedTuple):
    """Which shape is shown first, where its tree begins, and whether its text is to be
    shown as far as a page may have it."""

    shape: str = ""
    at: str = "0"
    is_whole: bool = False

    @property
    def most(self) -> int:
        return SHOWN_CHARACTERS if self.is_whole else FIRST_CHARACTERS

    def at_in(self, name: str) -> str:
        return self.at if name == self.shape else "0"


class Shape(NamedTuple):
    """One way to show a body: what of these is set; *note* says what is left out.

    *has_more*: more of its text is shown when it is asked for.
    """

    name: str
    tree: list[TreeRow] | None = None
    text: str | None = None
    form: list[FormField] | None = None
    parts: list[PartView] | None = None
    image: str | None = None
    is_hex: bool = False
    note: str | None = None
    has_more: bool = False


class Shapes(NamedTuple):
    side: Side
    shapes: list[Shape]
    tokens: list[ReadToken]
    chosen: str = ""
    is_limited: bool = False


def shapes_of(detail: LogDetail, side: str, limit: int, wish: Wish) -> Shapes:
    """Of the *side* request or response; the first shape is the one to begin with,
    where *wish* names no other."""
    stored: StoredBody = getattr(detail, f"{side}_body")
    headers: Fields | HeaderObject = getattr(detail, f"{side}_headers")
    shown = shown_body(stored, headers)
    made: list[Shape] = []
    if shown.content:
        made = list(_shapes(shown, headers, side, limit, wish))
    names = [one.name for one in made]
    chosen = wish.shape if wish.shape in names else "".join(names[:1])
    tokens = _tokens(shown, headers)
    return Shapes(bare_side(detail, side), made, tokens, chosen, shown.is_begun)


def _tokens(shown: ShownBody, headers: Fields | HeaderObject) -> list[ReadToken]:
    texts = [(name, value) for name, value in pairs(headers) if value != MASK]
    return tokens_in([*texts, ("body", (shown.text or "")[:TOKEN_CHARACTERS])])


def _shapes(
    shown: ShownBody,
    headers: Fields | HeaderObject,
    side: str,
    limit: int,
    wish: Wish,
) -> Iterator[Shape]:
    declared = field_value(headers, "content-type") or ""
    content = shown.content or b""
    image = None if shown.truncated else image_of(content, declared)
    if image is not None:
        yield Shape("Image", image=image)
    yield from _binary(shown, declared.lower(), headers, side, wish)
    match shown.kind:
        case BodyKind.MULTIPART:
            yield from _multipart(content, declared, shown.text)
        case BodyKind.FORM if shown.text is not None:
            yield from _form(shown.text, limit)
        case BodyKind.XML if shown.text is not None:
            yield from _xml(shown.text, wish)
        case _ if shown.text is not None:
            yield from _json(shown, side, limit, wish)
    if shown.text is not None:
        yield _text("Raw", shown.text, wish)
    yield Shape(
        "Hex",
        text=hexdump(content, limit=MAX_HEX_BYTES),
        is_hex=True,
        note=_hex_note(content),
    )


def _hex_note(content: bytes) -> str | None:
    return "The first 4 KiB are shown." if len(content) > MAX_HEX_BYTES else None


def _text(name: str, text: str, wish: Wish, note: str | None = None) -> Shape:
    most = wish.most
    if len(text) > most:
        note = f"The first {most:,} characters are shown."
    has_more = len(text) > most and not wish.is_whole
    return Shape(name, text=text[:most], note=note, has_more=has_more)


def _binary(
    shown: ShownBody,
    declared: str,
    headers: Fields | HeaderObject,
    side: str,
    wish: Wish,
) -> Iterator[Shape]:
    """What only its type tells: gRPC, Protocol Buffers, MessagePack."""
    content = shown.content or b""
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
    made = _tree(name, value, wish)
    yield made._replace(tree=held_as_text(made.tree or [], shown.text, side))


def _tree(
    name: str, value: Any, wish: Wish, *, asked: str = "", note: str | None = None
) -> Shape:
    rows = tree_of(value, most=TREE_ROWS, at=wish.at_in(name), asked=asked)
    return Shape(name, tree=rows, note=note)


def _json(shown: ShownBody, side: str, limit: int, wish: Wish) -> Iterator[Shape]:
    found, text = documents_of(shown, limit), shown.text or ""
    if not found.values:
        return
    # Queries read no body that was cut.
    asked = "" if shown.truncated else {"request": "req.$", "response": "res.$"}[side]
    if side == "request" and len(found.values) == 1:
        yield from _graphql(found.values[0], asked, wish)
    if len(found.values) > 1:
        made = _tree("Lines", found.values, wish, note=found.note)
    else:
        made = _tree("Tree", found.values[0], wish, asked=asked, note=found.note)
    yield made._replace(tree=held_in_json(made.tree or [], text, side))
    laid = laid_out(shown.kind, text, limit=limit)
    if laid.text != text:
        yield _text("Text", laid.text, wish)


def _graphql(value: Any, asked: str, wish: Wish) -> Iterator[Shape]:
    for operation in graphql.operations_of(value):
        note = operation.name and f"operationName: {operation.name}"
        yield _text("Query", operation.query, wish, note)
        if operation.variables:
            path = asked and isinstance(value, dict) and f"{asked}.variables"
            yield _tree("Variables", operation.variables, wish, asked=path or "")


def _form(text: str, limit: int) -> Iterator[Shape]:
    found = form_fields(text, limit)
    if found is not None:
        yield Shape("Form", form=found)


def _xml(text: str, wish: Wish) -> Iterator[Shape]:
    laid = xml.laid_out(text) if len(text) <= SHOWN_CHARACTERS else None
    if laid is not None:
        yield _text("XML", laid, wish)


def _multipart(content: bytes, declared: str, body: str | None) -> Iterator[Shape]:
    try:
        found = parts_of(content, declared, keep=PART_BYTES)
    # multipart's own errors are ValueErrors.
    except ValueError:
        return
    if found:
        yield Shape("Parts", parts=[_part(part, body) for part in found])


def _part(part: Part, body: str | None) -> PartView:
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
        text if text is not None and body is not None and is_whole else "",
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
