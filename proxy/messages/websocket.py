"""WebSockets: which messages the bytes of one direction hold (RFC 6455 5.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from monitor.traffic.message import OPCODES, MessageKind
from proxy.messages.inflating import Inflater

CONTINUATION: Final = 0x0
KINDS: Final = {opcode: kind for kind, opcode in OPCODES.items()}
FIRST_CONTROL: Final = 0x8
MAX_CONTROL: Final = 125
MAX_HEAD_LENGTH: Final = 14
FINAL, COMPRESSED, RESERVED = 0x80, 0x40, 0x30


class NoWebSocket(ValueError):
    """Bytes that are no frame, or not one that may stand here."""


@dataclass(frozen=True, slots=True)
class Read:
    """A message; *size* is None where it was cut or could not be inflated whole."""

    kind: MessageKind
    kept: bytes
    size: int | None
    wire_size: int
    is_coded: bool


class Building:
    """A message in the making. It is coded where *inflater* can do no more."""

    __slots__ = ("_inflater", "_is_coded", "_kept", "_size", "kind", "wire_size")

    def __init__(
        self, kind: MessageKind, *, inflater: Inflater | None, is_coded: bool
    ) -> None:
        self.kind = kind
        self.wire_size = 0
        self._kept = bytearray()
        self._size = 0
        self._inflater = inflater
        self._is_coded = is_coded

    def wanted(self, size: int, *, limit: int) -> int:
        """How many of the next *size* bytes are to be added."""
        room = limit - len(self._kept)
        if self._inflater is not None and limit > 0:
            return size
        return max(min(size, room), 0)

    def add(self, piece: bytes, *, limit: int) -> None:
        if self._inflater is None:
            self._kept += piece
        else:
            self._grow(*self._inflater.undo(piece, keep=limit - len(self._kept)))

    def end(self, *, limit: int) -> Read:
        if self._inflater is not None and limit > 0:
            self._grow(*self._inflater.end(keep=limit - len(self._kept)))
        if self._is_coded:
            return self._read(None)
        if self._inflater is None:
            return self._read(self.wire_size)
        is_whole = limit > 0 and not self._inflater.is_lost
        return self._read(self._size if is_whole else None)

    def cut(self) -> Read:
        """Its end does not come."""
        return self._read(None)

    def _grow(self, kept: bytes, made: int) -> None:
        self._kept += kept
        self._size += made

    def _read(self, size: int | None) -> Read:
        return Read(self.kind, bytes(self._kept), size, self.wire_size, self._is_coded)


class FrameReader:
    """Fed with any pieces; holds no more than what it keeps.

    *limit*: bytes kept of a message; at 0 payloads are left unread. It may be lowered
    at any time.
    """

    def __init__(self, *, limit: int, inflater: Inflater | None) -> None:
        self.limit = limit
        self.is_over = False
        self._frames = 0
        self._inflater = inflater
        self._head = bytearray()
        self._message: Building | None = None
        self._control: Building | None = None
        self._is_final = True
        self._left = 0
        self._mask = b""
        self._position = 0

    @property
    def work(self) -> int:
        """What was done until now: frames read, kilobytes inflated, and inflaters."""
        inflater = self._inflater
        inflated = 0 if inflater is None else inflater.total // 1024 + inflater.begun
        return self._frames + inflated

    @property
    def passing(self) -> int:
        """So many of the bytes that come next are no work: a frame's, as they are."""
        return self._left if self._inflater is None else 0

    def feed(self, data: bytes) -> Iterator[Read]:
        """The messages that *data* completes. Raises NoWebSocket."""
        at = 0
        while at < len(data):
            if not self._left:
                at, is_whole = self._take_head(data, at)
                if not is_whole:
                    return
            piece = data[at : at + self._left]
            at += len(piece)
            self._take_payload(piece)
            if not self._left:
                read = self._end_frame()
                if read is not None:
                    yield read

    def cut(self) -> Read | None:
        """The message that was begun and does not end."""
        return None if self._message is None else self._message.cut()

    def _take_head(self, data: bytes, at: int) -> tuple[int, bool]:
        head = self._head
        if not head and len(data) - at >= MAX_HEAD_LENGTH:
            end = at + _head_size(data[at : at + 2])
            self._begin_frame(data[at:end])
            return end, True
        while len(head) < (needed := _head_size(head)):
            piece = data[at : at + needed - len(head)]
            if not piece:
                return at, False
            head += piece
            at += len(piece)
        self._begin_frame(bytes(head))
        head.clear()
        return at, True

    def _begin_frame(self, head: bytes) -> None:
        self._frames += 1
        is_masked = bool(head[1] & 0x80)
        self._mask = head[-4:] if is_masked else b""
        extended = head[2:-4] if is_masked else head[2:]
        self._left = int.from_bytes(extended) if extended else head[1] & 0x7F
        self._position = 0
        self._is_final = bool(head[0] & FINAL)
        opcode, is_coded = head[0] & 0x0F, bool(head[0] & COMPRESSED)
        if head[0] & RESERVED or (is_coded and self._inflater is None):
            raise NoWebSocket("a bit is set that was not agreed on")
        if opcode >= FIRST_CONTROL:
            self._begin_control(opcode, is_coded)
        else:
            self._begin_data(opcode, is_coded)

    def _begin_control(self, opcode: int, is_coded: bool) -> None:
        kind = KINDS.get(opcode)
        if kind is None:
            raise NoWebSocket("a frame of no known kind")
        if not self._is_final or is_coded or self._left > MAX_CONTROL:
            raise NoWebSocket("a control frame that is none")
        self._control = Building(kind, inflater=None, is_coded=False)

    def _begin_data(self, opcode: int, is_coded: bool) -> None:
        if opcode == CONTINUATION:
            if self._message is None or is_coded:
                raise NoWebSocket("a continuation of nothing")
            return
        kind = KINDS.get(opcode)
        if kind is None:
            raise NoWebSocket("a frame of no known kind")
        if self._message is not None:
            raise NoWebSocket("a message within another")
        inflater = self._inflater if is_coded else None
        if inflater is not None:
            inflater.begin()
            inflater = None if inflater.is_lost else inflater
        self._message = Building(
            kind, inflater=inflater, is_coded=is_coded and inflater is None
        )

    def _take_payload(self, piece: bytes) -> None:
        building = self._control or self._message
        assert building is not None
        wanted = building.wanted(len(piece), limit=self.limit)
        if wanted:
            plain = _unmasked(piece[:wanted], self._mask, self._position)
            building.add(plain, limit=self.limit)
        building.wire_size += len(piece)
        self._position += len(piece)
        self._left -= len(piece)

    def _end_frame(self) -> Read | None:
        if self._control is not None:
            control, self._control = self._control, None
            return control.end(limit=self.limit)
        if not self._is_final or self._message is None:
            return None
        message, self._message = self._message, None
        return message.end(limit=self.limit)


def _head_size(head: bytes | bytearray) -> int:
    """How long the head is, as far as *head* says."""
    if len(head) < 2:
        return 2
    size = head[1] & 0x7F
    extended = 0 if size < 126 else 2 if size == 126 else 8
    return 2 + extended + (4 if head[1] & 0x80 else 0)


def _unmasked(piece: bytes, mask: bytes, position: int) -> bytes:
    if not mask:
        return piece
    turn = position % 4
    turned = mask[turn:] + mask[:turn]
    repeated = (turned * (len(piece) // 4 + 1))[: len(piece)]
    plain = int.from_bytes(piece) ^ int.from_bytes(repeated)
    return plain.to_bytes(len(piece))
