"""Errors of callers, in words that are fit for their eyes."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field: where it is, what is wrong with it, and the kind of wrong.

    *at*: the part of its text that is wrong, its offset and length in characters.
    *suggestion*: what may stand there instead.
    """

    loc: tuple[str | int, ...]
    msg: str
    type: str
    at: tuple[int, int] | None = None
    suggestion: str | None = None


class MonitorError(Exception):
    """The root of all errors that a door (api, web, command) turns into an answer."""

    status = 500
    title = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after_s = retry_after_s


class InvalidInput(MonitorError):
    status = 422
    title = "Invalid input"


class Unauthorized(MonitorError):
    status = 401
    title = "Unauthorized"


class Forbidden(MonitorError):
    status = 403
    title = "Forbidden"


class NotFound(MonitorError):
    status = 404
    title = "Not found"


class Conflict(MonitorError):
    status = 409
    title = "Conflict"


class TooLarge(MonitorError):
    status = 413
    title = "Content too large"


class UnsupportedMediaType(MonitorError):
    status = 415
    title = "Unsupported media type"


class TooManyRequests(MonitorError):
    status = 429
    title = "Too many requests"


class Unusable(MonitorError):
    """PostgreSQL is there, but not one that can be used: waiting does not help.

    The detail is for whoever runs the appliance.
    """

    status = 503
    title = "Service unavailable"


class Unavailable(MonitorError):
    """PostgreSQL is away, or a time limit was reached; trying again may help."""

    status = 503
    title = "Service unavailable"


class TooSlow(Unavailable):
    """PostgreSQL is there, and does not get done in time with what is asked."""


class Busy(Unavailable):
    """Others hold all that there is for what is asked."""


class NotMigrated(Unavailable):
    """A start has not come so far that PostgreSQL is known to hold what we read."""
