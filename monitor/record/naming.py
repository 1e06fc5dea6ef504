"""Endpoints of packed rows of logs, by what is known of their services."""

import struct
from functools import lru_cache
from typing import Final

from monitor.endpoints.by_hand import HandTemplates
from monitor.endpoints.tree import EndpointTree, Node
from monitor.record.binary import NULL, SMALLINT, text_field
from monitor.record.cells import SERVICE_END, SERVICE_PLACE, TS_PLACE, field_end
from monitor.record.columns import LENGTH_SIZE
from monitor.traffic.endpoint import endpoint_of

TIMESTAMP: Final = struct.Struct("!q")
# What is said of paths that are not there, or to whom has no business there.
NOT_THERE: Final = frozenset(
    [SMALLINT.pack(2, status) for status in (401, 403, 404, 405, 410)]
)
# So many are remembered of a service, then all are forgotten.
MOST_NAMES: Final = 8_192
MOST_SEEN: Final = 4_096


class Named:
    """The endpoint of a path, as a field of a row too.

    Not *is_settled*: it may become another, once someone is not told that it is not
    there.
    """

    __slots__ = ("field", "is_settled", "node")

    def __init__(self, node: Node, is_settled: bool) -> None:
        self.node = node
        self.field = text_field(node.name)
        self.is_settled = is_settled


class Seen:
    """From when to when there are logs, in PostgreSQL's microseconds."""

    __slots__ = ("first", "last")

    def __init__(self, at: int) -> None:
        self.first = at
        self.last = at


class ServiceNames:
    """The endpoints of a service, as they were at *version*.

    *seen*: what was since they were last told of, by method and endpoint as fields.
    """

    def __init__(self, version: int, tree: EndpointTree, by_hand: list[str]) -> None:
        self.version = version
        self.is_stale = False
        self.tree = tree
        self.by_hand = HandTemplates(by_hand) if by_hand else None
        self.seen: dict[bytes, Seen] = {}
        self.others = 0
        self._known: dict[bytes, Named] = {}
        self._set: dict[str, bytes] = {}

    def field_of(self, path: bytes, named: bytes, status: bytes) -> bytes | None:
        """The field of a log's endpoint, of the fields it has; None where it is to be
        learned first. *named*: the endpoint by its looks."""
        if self.by_hand is not None:
            field = self._by_hand(path)
            if field:
                return field
        if named == NULL:
            named = _by_looks(path)
        found = self._known.get(named)
        if found is None or (not found.is_settled and status not in NOT_THERE):
            is_answered = status not in NOT_THERE
            node = self.tree.known(_text(named), is_answered)
            if node is None:
                return None
            if len(self._known) >= MOST_NAMES:
                self._known.clear()
            found = Named(node, is_answered or node.is_answered)
            self._known[named] = found
        found.node.hits += 1
        if found.node is self.tree.other:
            self.others += 1
        return found.field

    def _by_hand(self, path: bytes) -> bytes:
        """Empty, where there is none."""
        assert self.by_hand is not None
        text = _text(path)
        field = self._set.get(text)
        if field is None:
            name = self.by_hand.endpoint_of(text)
            field = b"" if name is None else text_field(name)
            if len(self._set) >= MOST_NAMES:
                self._set.clear()
            self._set[text] = field
        return field

    def note(self, method: bytes, field: bytes, at: int) -> None:
        key = method + field
        seen = self.seen.get(key)
        if seen is None:
            if len(self.seen) < MOST_SEEN:
                self.seen[key] = Seen(at)
        elif at > seen.last:
            seen.last = at
        elif at < seen.first:
            seen.first = at


class Namer:
    """What one process knows of the endpoints of services, by the services' ids."""

    def __init__(self) -> None:
        self.services: dict[bytes, ServiceNames] = {}

    def name(self, rows: list[bytes], start: int) -> list[int]:
        """Give rows from *start* on their endpoints; which have to be learned first."""
        return self.name_each(rows, range(start, len(rows)))

    def names_of(
        self, service: bytes, logs: list[tuple[bytes, bytes]]
    ) -> tuple[list[str], dict[tuple[str, bool], int]]:
        """The endpoints of logs, by their paths and statuses as fields; what of them is
        to be learned first, how often each."""
        names = self.services.get(service)
        found: list[str] = []
        unknown: dict[tuple[str, bool], int] = {}
        for path, status in logs:
            looks = endpoint_of(_text(path))
            field = None
            if names is not None:
                field = names.field_of(path, text_field(looks), status)
            if field is None and names is not None:
                key = looks, status not in NOT_THERE
                unknown[key] = unknown.get(key, 0) + 1
            found.append(looks if field is None else _text(field))
        return found, unknown

    def name_each(self, rows: list[bytes], which: "list[int] | range") -> list[int]:
        left: list[int] = []
        for at in which:
            row = rows[at]
            names = self.services.get(row[SERVICE_PLACE + LENGTH_SIZE : SERVICE_END])
            if names is None or names.is_stale:
                left.append(at)
                continue
            method, path, path_end, endpoint, status, latency = places_of(row)
            path_field, named = row[path:path_end], row[endpoint:status]
            field = names.field_of(path_field, named, row[status:latency])
            if field is None:
                left.append(at)
                continue
            # What is the path is not said twice.
            stored = NULL if field == path_field else field
            if named != stored:
                rows[at] = row[:endpoint] + stored + row[status:]
            (ts,) = TIMESTAMP.unpack_from(row, TS_PLACE)
            names.note(row[method : field_end(row, method)], field, ts)
        return left


def unknown_of(row: bytes) -> tuple[bytes, str, bool]:
    """What is to be learned of a row: of which service, its path with what is known by
    its looks named, and whether it is answered."""
    _, path, path_end, endpoint, status, latency = places_of(row)
    named = _text(row[endpoint:status]) or endpoint_of(_text(row[path:path_end]))
    service = row[SERVICE_PLACE + LENGTH_SIZE : SERVICE_END]
    return service, named, row[status:latency] not in NOT_THERE


def places_of(row: bytes) -> tuple[int, int, int, int, int, int]:
    """Where method and path begin, where that ends, where endpoint, status and latency
    begin."""
    method = field_end(row, SERVICE_END)
    path = field_end(row, field_end(row, method))
    path_end = field_end(row, path)
    # client_url, query_params, error and source_ip are between.
    endpoint = path_end
    for _ in range(4):
        endpoint = field_end(row, endpoint)
    status = field_end(row, endpoint)
    return method, path, path_end, endpoint, status, field_end(row, status)


@lru_cache(maxsize=8192)
def _by_looks(path: bytes) -> bytes:
    return text_field(endpoint_of(_text(path)))


def _text(field: bytes) -> str:
    """Empty, where it is null."""
    return field[LENGTH_SIZE:].decode()
