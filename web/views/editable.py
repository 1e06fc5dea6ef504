"""The recorded request as the form of a replay begins with it."""

from dataclasses import dataclass
from typing import NamedTuple

from monitor.logs.display import pairs, shown_body
from monitor.logs.log import LogDetail
from monitor.replay.outgoing import LEFT_OUT
from monitor.replay.sendable import of_body, of_request, of_url
from monitor.traffic.header_names import OURS
from monitor.traffic.mask import MASK
from web.views.bodies import SHOWN_CHARACTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Editable:
    """The request as the form begins with it; a *problem* says what has to be given."""

    method: str
    url: str
    url_problem: str | None
    headers: list[tuple[str, str, bool]]
    body: str
    body_problem: str | None
    refusal: str | None


class Edited(NamedTuple):
    editable: Editable
    is_limited: bool = False


def editable_of(detail: LogDetail) -> Edited:
    return Edited(editable(detail, *_body(detail)))


def editable(detail: LogDetail, body: str, body_problem: str | None) -> Editable:
    item = detail.item
    masked, refused = of_url(item), of_request(item)
    headers = [
        (name, "" if MASK in value else value, MASK in value)
        for name, value in pairs(detail.request_headers)
        if name.lower() not in LEFT_OUT and not name.lower().startswith(OURS)
    ]
    return Editable(
        method=item.method,
        url=item.url,
        url_problem=f"{masked.sentence} Give the whole." if masked else None,
        headers=headers,
        body=body,
        body_problem=body_problem,
        refusal=refused.sentence if refused else None,
    )


def _body(detail: LogDetail) -> tuple[str, str | None]:
    """The text to edit, and why it cannot be sent as it is."""
    stored, reasons = detail.request_body, of_body(detail)
    if reasons and stored.content is None:
        return "", reasons[0].sentence
    shown = shown_body(stored, detail.request_headers)
    text = (shown.text or "")[:SHOWN_CHARACTERS]
    if reasons:
        return text, f"{reasons[0].sentence} Put in what is to be sent."
    if len(shown.text or "") > SHOWN_CHARACTERS:
        return text, "Only its beginning is shown: change it, and only that is sent."
    return text, None
