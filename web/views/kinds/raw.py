"""A log as its bytes were, as far as they are kept: heads as lines, then bodies."""

from typing import NamedTuple

from monitor.content.body import as_text
from monitor.content.layout import hexdump
from monitor.logs.display import pairs
from monitor.logs.log import LogDetail, StoredBody
from monitor.traffic.fields import Fields, HeaderObject
from web.views.bodies import MAX_HEX_BYTES


class RawPart(NamedTuple):
    """*text*: its head as lines, and its body where that is text; else *hex*. *begun*:
    how many characters of the body are shown where there are more."""

    name: str
    text: str
    hex: str | None
    is_kept: bool
    begun: int | None


class RawParts(NamedTuple):
    parts: list[RawPart]
    is_limited: bool = False


def raw_parts(detail: LogDetail, most: int) -> RawParts:
    item = detail.item
    status = "no answer" if item.status_code is None else str(item.status_code)
    sent = f"{item.method} {item.url}"
    return RawParts(
        [
            _part("Request", sent, detail.request_headers, detail.request_body, most),
            _part(
                "Response", status, detail.response_headers, detail.response_body, most
            ),
        ]
    )


def _part(
    name: str,
    line: str,
    headers: Fields | HeaderObject,
    stored: StoredBody,
    most: int,
) -> RawPart:
    content = stored.content or b""
    lines = [line, *(f"{field}: {value}" for field, value in pairs(headers)), ""]
    text = as_text(content, truncated=stored.truncated)
    if text:
        lines.append(text[:most])
    return RawPart(
        name,
        "\n".join(lines),
        hexdump(content, limit=MAX_HEX_BYTES) if text is None else None,
        stored.content is not None,
        most if text and len(text) > most else None,
    )
