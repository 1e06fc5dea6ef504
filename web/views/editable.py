"""The recorded request as the form of a replay begins with it."""

from dataclasses import dataclass
from typing import NamedTuple

from monitor.logs.display import pairs, shown_body
from monitor.logs.log import LogDetail
from monitor.replay.outgoing import LEFT_OUT
from monitor.traffic.exchange import BodyState
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
    is_masked = MASK in item.url
    headers = [
        (name, "" if MASK in value else value, MASK in value)
        for name, value in pairs(detail.request_headers)
        if name.lower() not in LEFT_OUT and not name.lower().startswith(OURS)
    ]
    return Editable(
        method=item.method,
        url=item.url,
        url_problem="It holds a masked value: give the whole URL."
        if is_masked
        else None,
        headers=headers,
        body=body,
        body_problem=body_problem,
        refusal="It is an upgraded connection, which is no request to send again."
        if item.status_code == 101
        else None,
    )


def _body(detail: LogDetail) -> tuple[str, str | None]:
    """The text to edit, and why it cannot be sent as it is."""
    stored = detail.request_body
    if stored.state is BodyState.WITHHELD:
        return "", "It was not kept, because a field of it is to be masked."
    if stored.state is BodyState.SHED:
        return "", "It was not kept: the spool was filling."
    if stored.content is None and detail.item.request_size:
        return "", "It is past its retention."
    shown = shown_body(stored, detail.request_headers)
    text = (shown.text or "")[:SHOWN_CHARACTERS]
    if stored.state is BodyState.REDACTED:
        return text, "It holds masked values: put in what is to be sent."
    if stored.truncated:
        return text, "Only its beginning was kept: put in the whole."
    if len(shown.text or "") > SHOWN_CHARACTERS:
        return text, "Only its beginning is shown: change it, and only that is sent."
    return text, None
