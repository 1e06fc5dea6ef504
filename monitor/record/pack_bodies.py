"""Bodies as fields of a record's row: their bytes, and what is searched of them."""

from typing import Final

from monitor.content.body import decoded, field_value, is_text
from monitor.content.charsets import text_of
from monitor.record.binary import (
    FALSE,
    NULL,
    TRUE,
    common_field,
    length_field,
    text_field,
)
from monitor.traffic.exchange import KEPT, Body
from monitor.traffic.fields import Headers

# Of a coded body, this much decoded text is kept to be searched.
SEARCHED_TEXT_BYTES: Final = 1024 * 1024
KEPT_FIELD: Final = text_field(KEPT.value)
NO_BODY_FIELDS: Final = NULL + FALSE + KEPT_FIELD + FALSE + NULL


def pack_body(
    body: Body | None, headers: Headers, parts: list[bytes], decodes: bool
) -> bool:
    """Put content, truncated, state, is_text and the text of a coded body behind
    *parts*; whether they are complete."""
    if body is None:
        parts.append(NO_BODY_FIELDS)
        return True
    is_kept = body.state is KEPT
    state = KEPT_FIELD if is_kept else common_field(body.written_state)
    if not is_kept and body.state.is_absent:
        parts += (NULL, FALSE, state, FALSE, NULL)
        return True
    text, is_complete = NULL, True
    kept_as_text = is_text(body.kept)
    if not kept_as_text:
        coding = field_value(headers, "content-encoding")
        is_complete = decodes or coding is None
        if is_complete:
            text = text_field(searched(body.kept, headers, truncated=body.truncated))
    parts += (
        length_field(len(body.kept)),
        body.kept,
        TRUE if body.truncated else FALSE,
        state,
        TRUE if kept_as_text else FALSE,
        text,
    )
    return is_complete


def searched(content: bytes, headers: Headers, *, truncated: bool) -> str | None:
    """The text of a coded body as it is searched: in its declared charset, too."""
    coding = field_value(headers, "content-encoding")
    declared = field_value(headers, "content-type")
    return searched_as(content, coding, declared, truncated=truncated)


def searched_as(
    content: bytes, coding: str | None, declared: str | None, *, truncated: bool
) -> str | None:
    """As *searched*, by the fields that say how it is coded and of which type."""
    if coding is None:
        return text_of(content, declared, truncated=truncated)
    found = decoded(content, coding, limit=SEARCHED_TEXT_BYTES, truncated=truncated)
    return text_of(found.content, declared, truncated=not found.complete)
