"""JSON, masked: read, gone through once, and written again."""

import json
import re
import secrets
from typing import Any, Final

import orjson

from monitor.json.strict import no_constant, unique_members
from monitor.redaction.path_machine import END, PENDING, Machine, PathState
from monitor.redaction.work import MaskingWork
from monitor.traffic.mask import MASK

# What stands before and between the values of one text.
BLANKS: Final = re.compile("[ \t\r\n\x1e]*")
# What a value costs besides its nodes, in nodes.
VALUE_NODES: Final = 4
# Stands around a number where it is written as a string first. Nobody can guess it.
MARK: Final = f"\x7f{secrets.token_hex(6)}"


def nodes_in(text: str) -> int:
    """As many as *text* can have as JSON: what stands in strings counts as well."""
    count = text.count
    return 1 + count(",") + count(":") + count("[") + count("{")


def masked_json(text: str, machine: Machine, work: MaskingWork) -> tuple[bytes, bool]:
    """*text*, a value of JSON or several, with all that the rules name masked, and
    whether that was anything.

    Raises ValueError where it is no JSON, nested too deeply, or has a name twice in
    one object: one of its values would be lost. Raises TooMuch.
    """
    nodes = nodes_in(text)
    work.spend(nodes, len(text))
    masked, is_changed = list[Any](), False
    for value in _values(text, work):
        made, is_other = _masked(value, machine, work)
        masked.append(made)
        is_changed = is_changed or is_other
    try:
        return b"\n".join([orjson.dumps(value) for value in masked]), is_changed
    except orjson.JSONEncodeError:
        # Lone surrogates, or levels beyond orjson's 254.
        work.spend(4 * nodes, len(text))
        return b"\n".join([_dumped(value) for value in masked]), is_changed


def _values(text: str, work: MaskingWork) -> list[Any]:
    """One after the other, or a line each. Numbers stay as they are spelled."""
    values, end = list[Any](), len(text)
    at = _skipped(text, 1 if text.startswith("\ufeff") else 0)
    while at < end:
        work.spend(VALUE_NODES)
        try:
            value, at = SCAN(text, at)
        except StopIteration:
            raise ValueError("it is no JSON") from None
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        values.append(value)
        at = _skipped(text, at)
    return values


def _skipped(text: str, at: int) -> int:
    found = BLANKS.match(text, at)
    return found.end() if found else at


def _masked(document: Any, machine: Machine, work: MaskingWork) -> tuple[Any, bool]:
    """*document*, which is changed."""
    start = machine.start(work)
    if start is None:
        return document, False
    if start is END:
        return MASK, document != MASK
    is_changed = False
    # No recursion: how deep it goes is the sender's choice.
    inside: list[tuple[Any, PathState]] = [(document, start)]
    while inside:
        value, state = inside.pop()
        if state.other_name is PENDING:
            machine.others(state, work)
        if type(value) is dict:
            if _mask_members(value, state, machine, work, inside):
                is_changed = True
        elif type(value) is list and _mask_items(value, state, machine, work, inside):
            is_changed = True
    return document, is_changed


def _mask_members(
    members: dict[str, Any],
    state: PathState,
    machine: Machine,
    work: MaskingWork,
    inside: list[tuple[Any, PathState]],
) -> bool:
    """Whether one was masked; what may hold more is added to *inside*."""
    is_changed = False
    names, other = state.names, state.other_name
    for name, value in members.items():
        after = names.get(name, other)
        if after is None:
            continue
        if after is PENDING:
            after = machine.named(state, name, work)
            if after is None:
                continue
        if after is END:
            is_changed = is_changed or value != MASK
            members[name] = MASK
        elif type(value) is dict or type(value) is list:
            inside.append((value, after))
    return is_changed


def _mask_items(
    items: list[Any],
    state: PathState,
    machine: Machine,
    work: MaskingWork,
    inside: list[tuple[Any, PathState]],
) -> bool:
    is_changed = False
    mentioned, other = state.items, state.other_item
    if other is None and not mentioned:
        return False
    for index, value in enumerate(items):
        after = mentioned.get(index, other)
        if after is None:
            continue
        if after is PENDING:
            after = machine.item(state, index, work)
            if after is None:
                continue
        if after is END:
            is_changed = is_changed or value != MASK
            items[index] = MASK
        elif type(value) is dict or type(value) is list:
            inside.append((value, after))
    return is_changed


def _dumped(value: Any) -> bytes:
    """A lone surrogate, which UTF-8 has not, is escaped again."""
    try:
        text = ENCODE(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    plain = text.replace(f'"{MARK}', "").replace(f'{MARK}"', "")
    return plain.encode("utf-8", "backslashreplace")


def _marked(number: Any) -> str:
    return f"{MARK}{orjson.dumps(number).decode()}{MARK}"


DECODER: Final[Any] = json.JSONDecoder(
    parse_float=orjson.Fragment,
    parse_int=orjson.Fragment,
    parse_constant=no_constant,
    object_pairs_hook=unique_members,
)
# One after the other, without what a decoder does for one.
SCAN: Final = DECODER.scan_once
ENCODE: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":"), default=_marked
).encode
