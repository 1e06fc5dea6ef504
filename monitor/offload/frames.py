"""Frames, in which work and its result pass to a helper process and back.

A frame is a length and a pickle. Both ends are this program on this machine; what a
stranger sent is inside of it as bytes and text only.
"""

import dataclasses
import io
import pickle
import struct
from typing import Any, BinaryIO
from uuid import UUID

HEAD = struct.Struct("!Q")


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """Frozen dataclasses that mypyc compiled are made anew by their fields.

        What pickle does by itself sets them one by one, which they refuse. An id that
        asyncpg made becomes a plain one: who reads it needs no asyncpg.
        """
        made_by = type(value)
        if made_by is not UUID and isinstance(value, UUID):
            return UUID, (value.hex,)
        if not hasattr(made_by, "__mypyc_attrs__"):
            return NotImplemented
        if not dataclasses.is_dataclass(made_by):
            return NotImplemented
        fields = {
            field.name: getattr(value, field.name)
            for field in dataclasses.fields(made_by)
        }
        return _made, (made_by, fields)


def _made(made_by: Any, fields: dict[str, Any]) -> Any:
    return made_by(**fields)


def packed(value: Any) -> bytes:
    """*value* as a frame."""
    content = io.BytesIO(bytes(HEAD.size))
    content.seek(HEAD.size)
    _Pickler(content, pickle.HIGHEST_PROTOCOL).dump(value)
    length = content.tell() - HEAD.size
    content.seek(0)
    content.write(HEAD.pack(length))
    return content.getvalue()


def length_of(head: bytes) -> int:
    length: int = HEAD.unpack(head)[0]
    return length


def unpacked(content: bytes) -> Any:
    return pickle.loads(content)


def read(source: BinaryIO) -> Any:
    """The next value; EOFError where there is no whole one."""
    head = source.read(HEAD.size)
    if len(head) < HEAD.size:
        raise EOFError
    length = length_of(head)
    content = source.read(length)
    if len(content) < length:
        raise EOFError
    return unpacked(content)
