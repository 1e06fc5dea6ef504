"""MessagePack as values that a tree shows."""

from typing import Any, Final

import msgspec

from monitor.content.kinds.steps import Leaf, Members

MAX_DEPTH: Final = 100


def value_of(content: bytes) -> Any:
    """Raises ValueError where it is none, whole."""
    try:
        found = msgspec.msgpack.decode(content)
    except (msgspec.MsgspecError, RecursionError):
        raise ValueError("no MessagePack") from None
    return _shown(found, 0)


def _shown(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return Members(
            (_name(name), _shown(inner, depth + 1)) for name, inner in value.items()
        )
    if isinstance(value, list | tuple):
        return [_shown(inner, depth + 1) for inner in value]
    if isinstance(value, msgspec.msgpack.Ext):
        return Leaf(bytes(value.data).hex(" "), f"extension {value.code}")
    return value


def _name(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
