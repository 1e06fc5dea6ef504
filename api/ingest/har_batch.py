"""Batches of HAR archives: how their entries become logs."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, Any
from uuid import UUID

from aiohttp import web

from api.ingest.batch_file import MAX_ERRORS, ROWS_A_TURN, Batch
from api.ingest.intake import Intake, arrival_of
from api.input import json_input
from api.input.pushed_log import PushedLog, pushed_log
from monitor.errors import FieldError, InvalidInput, UnsupportedMediaType
from monitor.export.har_bodies import HarBody
from monitor.export.har_import import PLACES, Imported, imported
from monitor.export.har_messages import Bounds, messages_of
from monitor.export.har_origin import origin_of
from monitor.export.har_values import BadEntry, Place, known
from monitor.logs.parameter import ID, one_of, valid
from monitor.loop.giving_way import give_way
from monitor.record.batch import day_in
from monitor.traffic.exchange import Body, BodyState, Exchange
from monitor.traffic.fields import Fields, HeaderObject, Headers

SIDES = ("request", "response")
TYPES = frozenset({"application/json", "application/har+json"})
# What a parameter of a query is decoded to.
ENCODED_NUL = "%00"
NO_NETWORK = "is no address of http, https, ws or wss"
QUERY = {
    "on_error": one_of("refuse", "skip").described(
        "skip: entries that are not valid are left out, and named"
    ),
    "shift": one_of("none", "now").described(
        "now: the archive is moved so that its last entry is now"
    ),
    "service_id": ID.described("whose the logs are, where no service key says it"),
}
REMEDY = ", or import with ?shift=now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """*skips*: an entry that is not valid is left out; *shifts*: the last is of now.

    *service_id*: whose the logs are to be, where no key says it.
    """

    skips: bool = False
    shifts: bool = False
    service_id: UUID | None = None


class HarBatch(Batch):
    """*left_out*: the first entries that no log was made of, and why; *skipped*: how
    many they are."""

    def __init__(
        self,
        intake: Intake,
        file: IO[bytes],
        *,
        most_rows: int,
        asked: Asked,
        bounds: Bounds,
    ) -> None:
        super().__init__(intake, file, most_rows=most_rows)
        self._asked = asked
        self._bounds = bounds
        # Where each log that is written stood, and when it was; None: it does not say.
        self._stood: list[tuple[int, datetime | None]] = []
        self._moment: datetime | None = None
        self.skipped = 0
        self.left_out: list[FieldError] = []

    @property
    def has_last_ids(self) -> bool:
        return not self._asked.shifts

    def refuse(self, error: InvalidInput) -> None:
        if self._asked.skips:
            self._leave_out(error.errors)
        else:
            super().refuse(error)

    def exchange_of(self, row: bytes, position: int) -> Exchange | None:
        loc = ("log", "entries", position)
        if not row:
            raise json_input.invalid(loc, "is empty, or over its bound", "too_long")
        entry = json_input.loaded(row, loc)
        try:
            found = imported(entry)
            if found is None:
                at = ("body", *loc, "request", "url")
                self._leave_out([FieldError(at, NO_NETWORK, "skipped")])
                return None
            is_odd = json_input.needs_check(row) or ENCODED_NUL in found.fields["url"]
            return self._made(entry, found, is_odd)
        except BadEntry as bad:
            place: Place = (*loc, *bad.place)
            raise json_input.invalid(place, str(bad), "value_error") from None
        except InvalidInput as error:
            errors = [_placed(one, loc) for one in error.errors]
            raise InvalidInput(error.detail, errors=errors) from None

    async def settle(self) -> None:
        """With all of the archive known, move it to where its last entry is now."""
        moments = [moment for _, moment in self._stood if moment is not None]
        if not self._asked.shifts or not moments or self.errors:
            return
        delta = datetime.now(UTC) - max(moments)
        self._has_moved = True
        self._days = set()
        for n, (position, moment) in enumerate(self._stood):
            if moment is not None:
                self._written[n] = self._moved(position, moment, delta)
            if (id := self._written[n]) is not None:
                self._days.add(day_in(id))
            if n % ROWS_A_TURN == ROWS_A_TURN - 1:
                await give_way()

    def _moved(self, position: int, moment: datetime, delta: timedelta) -> UUID | None:
        try:
            return self.intake.id_at(moment + delta, ())
        except (InvalidInput, OverflowError):
            loc = ("log", "entries", position, "startedDateTime")
            reason = "is older than the last entry by more than the retention"
            self.refuse(json_input.invalid(loc, reason, "value_error"))
            return None

    def _keep(self, exchange: Exchange, position: int) -> None:
        super()._keep(exchange, position)
        self._stood.append((position, self._moment))

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

    def _leave_out(self, errors: Any) -> None:
        self.skipped += 1
        self.left_out += errors[: MAX_ERRORS - len(self.left_out)]


def har_query(request: web.Request) -> Asked:
    """Raises InvalidInput."""
    values = valid(request.query.items(), QUERY)
    return Asked(
        skips=values.get("on_error") == "skip",
        shifts=values.get("shift") == "now",
        service_id=values.get("service_id"),
    )


def check_har(request: web.Request) -> None:
    """Raises UnsupportedMediaType."""
    media_type = (
        request.content_type.lower() if "Content-Type" in request.headers else ""
    )
    if media_type not in TYPES:
        raise UnsupportedMediaType(
            "the body must be application/json or application/har+json"
        )


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
