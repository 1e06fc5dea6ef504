"""Entries of a HAR archive as rows of a batch: how they become logs."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.ingest.intake import Intake, arrival_of
from api.ingest.rows import RowReader
from api.input import json_input
from api.input.pushed_log import PushedLog, pushed_log
from monitor.errors import FieldError, InvalidInput
from monitor.export.har_bodies import HarBody
from monitor.export.har_import import PLACES, Imported, imported
from monitor.export.har_messages import Bounds, messages_of
from monitor.export.har_origin import origin_of
from monitor.export.har_values import BadEntry, Place, known
from monitor.traffic.exchange import Body, BodyState, Exchange
from monitor.traffic.fields import Fields, HeaderObject, Headers

SIDES = ("request", "response")
# What a parameter of a query is decoded to.
ENCODED_NUL = "%00"
NO_NETWORK = "is no address of http, https, ws or wss"
REMEDY = ", or import with ?shift=now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """*skips*: an entry that is not valid is left out; *shifts*: the last is of now.

    *service_id*: whose the logs are to be, where no key says it.
    """

    skips: bool = False
    shifts: bool = False
    service_id: UUID | None = None


class EntryReader(RowReader):
    """Entries of an archive, of which each says where it stood."""

    def __init__(self, intake: Intake, *, asked: Asked, bounds: Bounds) -> None:
        super().__init__(intake)
        self._asked = asked
        self._bounds = bounds
        self._moment: datetime | None = None

    def refuse(self, error: InvalidInput) -> None:
        if self._asked.skips:
            self.leave_out(error.errors)
        else:
            super().refuse(error)

    def note(self, position: int) -> None:
        self._stood.append((position, self._moment))

    def exchange_of(self, row: bytes, position: int) -> Exchange | None:
        loc = ("log", "entries", position)
        if not row:
            raise json_input.invalid(loc, "is empty, or over its bound", "too_long")
        entry = json_input.loaded(row, loc)
        try:
            found = imported(entry)
            if found is None:
                at = ("body", *loc, "request", "url")
                self.leave_out([FieldError(at, NO_NETWORK, "skipped")])
                return None
            is_odd = json_input.needs_check(row) or ENCODED_NUL in found.fields["url"]
            return self._made(entry, found, is_odd)
        except BadEntry as bad:
            place: Place = (*loc, *bad.place)
            raise json_input.invalid(place, str(bad), "value_error") from None
        except InvalidInput as error:
            errors = [_placed(one, loc) for one in error.errors]
            raise InvalidInput(error.detail, errors=errors) from None

    def _made(self, entry: Any, found: Imported, is_odd: bool) -> Exchange:
        """*is_odd*: it may hold what no string may."""
        fields = {
            **found.fields,
            "request_headers": _object(found.request_headers) or None,
            "response_headers": _object(found.response_headers) or None,
        }
        fields = {name: value for name, value in fields.items() if value is not None}
        if is_odd:
            json_input.check_strings(fields, ())
        new = pushed_log(fields)
        started_at = new.timestamp or datetime.now(UTC)
        exchange = self.intake.made(new, self._id(new))
        exchange.request_body = _body(found.request_body)
        exchange.response_body = _body(found.response_body)
        exchange.timings = found.timings
        exchange.duration_ms = found.duration_ms
        exchange.messages = messages_of(entry, started_at, self._bounds)
        exchange.client_url = _text(entry.get("_client_url"))
        if found.is_ours:
            exchange.request_size, exchange.response_size = _sizes(entry)
        masked = self.intake.masked(exchange)
        har = origin_of(entry, found, masked)
        masked.request_headers = _in_order(
            found.request_headers, masked.request_headers
        )
        masked.response_headers = _in_order(
            found.response_headers, masked.response_headers
        )
        masked.arrival = arrival_of(new.timestamp, har)
        self._moment = new.timestamp
        return masked

    def _id(self, new: PushedLog) -> UUID:
        """One that will be moved only has to be another each time."""
        if self._asked.shifts:
            return self.intake.ids.new()
        return self.intake.id_at(new.timestamp, ())


def _object(fields: Fields) -> HeaderObject:
    """By name, repeats as a list."""
    spelled: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
    return {name: v[0] if len(v) == 1 else v for name, v in found.items()}


def _in_order(fields: Fields, masked: Headers) -> Fields:
    """The masked values, in the order in which they stood in the archive."""
    assert isinstance(masked, dict)
    left = {
        name.lower(): deque(value if isinstance(value, list) else [value])
        for name, value in masked.items()
    }
    return tuple((name, left[name.lower()].popleft()) for name, _ in fields)


def _body(body: HarBody) -> Body | None:
    if body.content is None:
        return None
    size = len(body.content) if body.size is None else body.size
    kept = b"" if body.state.is_absent else body.content
    if body.state is BodyState.KEPT:
        size = max(size, len(kept))
    return Body(kept=kept, size=size, state=body.state, is_limited=body.is_limited)


def _sizes(entry: dict[str, Any]) -> tuple[int | None, int | None]:
    """Of what passed, which our own archives say."""
    sizes = [known(entry.get(side, {}).get("bodySize")) for side in SIDES]
    sent, received = [None if size is None else int(size) for size in sizes]
    return sent, received


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    json_input.check_strings(value, ("_client_url",))
    return value


def _placed(error: FieldError, loc: tuple[Any, ...]) -> FieldError:
    """With the address that the field has in the archive."""
    field = str(error.loc[1]) if len(error.loc) > 1 else ""
    msg = error.msg + (REMEDY if "retention" in error.msg else "")
    return FieldError(("body", *loc, *PLACES.get(field, ())), msg, error.type)
