"""Taps: what is kept of the messages that pass, whatever their medium."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from monitor.content.event_stream import EventReader
from monitor.traffic.message import (
    Direction,
    Medium,
    Message,
    MessageKind,
    Messages,
    MessageState,
)
from proxy.messages.decoding import NotDecoded, Undoing, undoing
from proxy.messages.inflating import Inflater, agreed
from proxy.messages.websocket import FrameReader, NoWebSocket, Read

# Read between two looks at how much was done; the smallest frame has two bytes.
STEP_BYTES: Final = 1024
LINES_BYTES: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBounds:
    """Messages kept of an exchange, bytes of each, and bytes of all; and the query
    parameters kept apart of its URL."""

    count: int
    each_bytes: int
    all_bytes: int
    parameters: int = 1_000

    def within(self, body_limit: int) -> "MessageBounds":
        """No message is kept longer than a body is."""
        if self.each_bytes <= body_limit:
            return self
        return replace(self, each_bytes=body_limit)


class Tap(Protocol):
    """Reads bytes after they were passed on; never raises, and alters none."""

    def reading(self, direction: Direction, data: bytes, at: float) -> Iterator[int]:
        """Reads them in small steps; says how much work each was."""
        ...

    def leave(self, problem: str) -> None:
        """What came last is not going to be read."""
        ...

    def messages(self, at: float) -> Messages:
        """What passed until now, the exchange being over."""
        ...

    def so_far(self) -> Messages:
        """What was read until now, while it goes on."""
        ...


class Keeping:
    """The first messages, within *bounds*; all are counted."""

    def __init__(self, bounds: MessageBounds, *, began: float) -> None:
        self._bounds = bounds
        self._began = began
        self._room = bounds.all_bytes
        self._kept: list[Message] = []
        self.count = 0
        self.problem: str | None = None

    @property
    def limit(self) -> int:
        """Bytes that the next message may keep."""
        if len(self._kept) >= self._bounds.count:
            return 0
        return min(self._bounds.each_bytes, self._room)

    @property
    def is_full(self) -> bool:
        """All that comes now is only counted."""
        return len(self._kept) >= self._bounds.count

    def offset_ms(self, at: float) -> float:
        return max(at - self._began, 0.0) * 1000

    def add(self, message: Message) -> None:
        self.count += 1
        if len(self._kept) < self._bounds.count:
            self._kept.append(message)
            labels = len(message.name or "") + len(message.event_id or "")
            self._room = max(self._room - len(message.kept) - labels, 0)

    def messages(self, medium: Medium) -> Messages:
        return Messages(
            medium=medium,
            kept=tuple(self._kept),
            count=self.count,
            problem=self.problem,
        )


class WebSocketTap:
    """Reads both directions of a WebSocket."""

    def __init__(
        self, bounds: MessageBounds, *, began: float, extensions: str | None
    ) -> None:
        self._keeping = Keeping(bounds, began=began)
        self._readers = dict(_readers(self._keeping.limit, extensions))

    def sent(self, data: bytes, at: float) -> None:
        for _ in self.reading(Direction.SENT, data, at):
            pass

    def received(self, data: bytes, at: float) -> None:
        for _ in self.reading(Direction.RECEIVED, data, at):
            pass

    def reading(self, direction: Direction, data: bytes, at: float) -> Iterator[int]:
        reader = self._readers.get(direction)
        start = 0
        while start < len(data) and reader is not None and not reader.is_over:
            before, end = reader.work, start + max(STEP_BYTES, reader.passing)
            self._read(reader, direction, data[start:end], at)
            start = end
            yield reader.work - before + 1

    def leave(self, problem: str) -> None:
        self._keeping.problem = self._keeping.problem or problem

    def messages(self, at: float) -> Messages:
        for direction, reader in self._readers.items():
            read = reader.cut()
            if read is not None:
                self._keep(direction, read, at)
        return self.so_far()

    def so_far(self) -> Messages:
        return self._keeping.messages(Medium.WEBSOCKET)

    def _read(
        self, reader: FrameReader, direction: Direction, data: bytes, at: float
    ) -> None:
        reader.limit = self._keeping.limit
        try:
            for read in reader.feed(data):
                self._keep(direction, read, at)
                reader.limit = self._keeping.limit
        except NoWebSocket as error:
            # Not ours to judge: the bytes pass on, and are read no further.
            self._keeping.problem = f"{direction}: {error}"
            reader.is_over = True
            del self._readers[direction]

    def _keep(self, direction: Direction, read: Read, at: float) -> None:
        if self._keeping.is_full:
            self._keeping.count += 1
            return
        self._keeping.add(
            Message(
                direction=direction,
                kind=read.kind,
                offset_ms=self._keeping.offset_ms(at),
                kept=read.kept[: self._keeping.limit],
                size=read.size,
                wire_size=read.wire_size,
                state=MessageState.CODED if read.is_coded else MessageState.KEPT,
            )
        )


class EventTap:
    """Reads the events of a stream; what is sent is no part of it."""

    def __init__(
        self, bounds: MessageBounds, *, began: float, coding: str | None
    ) -> None:
        self._keeping = Keeping(bounds, began=began)
        self._reader: EventReader | None = EventReader(limit=self._keeping.limit)
        self._undoing: Undoing | None = None
        try:
            self._undoing = undoing(coding)
        except NotDecoded as error:
            self._give_up(error)

    def sent(self, data: bytes, at: float) -> None:
        """The request's body is kept as a body."""

    def received(self, data: bytes, at: float) -> None:
        for _ in self.reading(Direction.RECEIVED, data, at):
            pass

    def reading(self, direction: Direction, data: bytes, at: float) -> Iterator[int]:
        if direction is Direction.SENT:
            return
        try:
            for plain in self._plain(data):
                for start in range(0, len(plain), LINES_BYTES):
                    yield self._read(plain[start : start + LINES_BYTES], at)
        except NotDecoded as error:
            self._give_up(error)

    def leave(self, problem: str) -> None:
        self._keeping.problem = self._keeping.problem or problem

    def messages(self, at: float) -> Messages:
        """An event that is not ended is none (WHATWG HTML 9.2.6)."""
        return self.so_far()

    def so_far(self) -> Messages:
        return self._keeping.messages(Medium.EVENT_STREAM)

    def _plain(self, data: bytes) -> Iterator[bytes]:
        if self._reader is None:
            return iter(())
        return iter((data,)) if self._undoing is None else self._undoing.undo(data)

    def _read(self, plain: bytes, at: float) -> int:
        """How much work it was: its lines."""
        reader, keeping = self._reader, self._keeping
        if reader is None:
            return 1
        before = reader.lines
        reader.limit = keeping.limit
        for event in reader.feed(plain):
            if keeping.is_full:
                keeping.count += 1
                continue
            keeping.add(
                Message(
                    direction=Direction.RECEIVED,
                    kind=MessageKind.EVENT,
                    offset_ms=keeping.offset_ms(at),
                    kept=event.data[: keeping.limit],
                    size=event.size,
                    wire_size=event.size,
                    name=event.name,
                    event_id=event.id,
                )
            )
            reader.limit = keeping.limit
        return reader.lines - before + 2

    def _give_up(self, error: NotDecoded) -> None:
        self._keeping.problem = str(error)
        self._reader = None


def _readers(
    limit: int, extensions: str | None
) -> Iterator[tuple[Direction, FrameReader]]:
    deflate = agreed(extensions)
    for direction in Direction:
        inflater = None
        if deflate is not None:
            is_sent = direction is Direction.SENT
            anew = deflate.client_begins_anew if is_sent else deflate.server_begins_anew
            inflater = Inflater(begins_anew=anew)
        yield direction, FrameReader(limit=limit, inflater=inflater)
