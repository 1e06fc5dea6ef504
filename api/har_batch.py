"""How entries of a HAR archive become logs."""

from typing import Any

from aiohttp import web

from api import json_input
from api.schemas import NewLog
from api.taken import Batch
from monitor.errors import FieldError, InvalidInput, UnsupportedMediaType
from monitor.exchange import Exchange
from monitor.har_import import PLACES, BadEntry, imported

TYPES = frozenset({"application/json", "application/har+json"})


class HarBatch(Batch):
    """*skipped* are entries that no network saw, such as `data:` URLs."""

    skipped = 0

    def exchange_of(self, row: bytes, position: int) -> Exchange | None:
        loc = ("log", "entries", position)
        entry = json_input.loaded(row, loc)
        try:
            found = imported(entry)
        except BadEntry as error:
            at = (*loc, *error.place)
            raise json_input.invalid(at, str(error), "value_error") from None
        if found is None:
            self.skipped += 1
            return None
        bodies = found.request_body, found.response_body
        try:
            json_input.check_strings(found.fields, ())
            new = json_input.model_of(found.fields, NewLog)
            return self.intake.exchange(new, bodies=bodies)
        except InvalidInput as error:
            errors = [_placed(one, loc) for one in error.errors]
            raise InvalidInput(error.detail, errors=errors) from None


def check_har(call: web.Request) -> None:
    """Raises UnsupportedMediaType."""
    media_type = call.content_type.lower() if "Content-Type" in call.headers else ""
    if media_type not in TYPES:
        raise UnsupportedMediaType(
            "the body must be application/json or application/har+json"
        )


def _placed(error: FieldError, loc: tuple[Any, ...]) -> FieldError:
    """With the address that the field has in the archive."""
    field = str(error.loc[1]) if len(error.loc) > 1 else ""
    return FieldError(("body", *loc, *PLACES.get(field, ())), error.msg, error.type)
