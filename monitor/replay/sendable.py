"""Reasons why a recorded request cannot be sent again as it is: a closed set."""

from enum import StrEnum

from monitor.logs.log import LogDetail, LogItem
from monitor.traffic.exchange import BodyState
from monitor.traffic.mask import MASK
from monitor.traffic.wire import IS_TOKEN, UNSENDABLE


class Unsendable(StrEnum):
    """Each is what is said of it, wherever it is said."""

    UPGRADED = "the log is of an upgraded connection, which is no request"
    URL_MASKED = "a part of the URL is masked"
    BODY_MASKED = "parts of the body are masked"
    BODY_WITHHELD = "the body was not kept: a field of it is to be masked"
    BODY_SHED = "the body was not kept: the spool was filling"
    BODY_CUT = "only the beginning of the body is there: it was kept in part"
    BODY_GONE = "the body is no longer kept"

    @property
    def sentence(self) -> str:
        return f"{self.value[0].upper()}{self.value[1:]}."


class UnsendableHeader(StrEnum):
    """What is said of a header's name."""

    MASKED = "is masked and left out"
    NO_FIELD = "cannot be sent"


def of_request(item: LogItem) -> Unsendable | None:
    # What offers an upgrade and is answered otherwise is a request like any other.
    return Unsendable.UPGRADED if item.status_code == 101 else None


def of_url(item: LogItem) -> Unsendable | None:
    return Unsendable.URL_MASKED if MASK in item.url else None


def of_header(name: str, value: str) -> UnsendableHeader | None:
    if MASK in value:
        return UnsendableHeader.MASKED
    if not IS_TOKEN.fullmatch(name) or UNSENDABLE.search(value):
        return UnsendableHeader.NO_FIELD
    return None


def of_body(detail: LogDetail) -> list[Unsendable]:
    """All that stands against it; none: it is whole, or there never was any."""
    body = detail.request_body
    if body.state is BodyState.WITHHELD:
        return [Unsendable.BODY_WITHHELD]
    if body.state is BodyState.SHED:
        return [Unsendable.BODY_SHED]
    found = []
    if body.state is BodyState.REDACTED:
        found.append(Unsendable.BODY_MASKED)
    if body.truncated:
        found.append(Unsendable.BODY_CUT)
    # Of one that was withheld, only its size is left once its row is gone.
    if body.is_gone or (body.content is None and detail.item.request_size):
        found.append(Unsendable.BODY_GONE)
    return found
