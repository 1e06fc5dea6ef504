"""The messages of a log or of an open exchange, as their pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitor.logs.log import LogDetail
from monitor.offload.helpers import Helpers
from monitor.offload.outcome import OutcomeKind, Unworked
from monitor.storage.logs.messages import MessageReader
from monitor.traffic.message import Message
from web.views.messages import MessageView, message_views, raw_message_views

PAGE_SIZE = 100
# Of all on a page: laid out in a few milliseconds, whatever they are.
LITTLE_KEPT = 4 * 1024
MAX_OFFSET = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesView:
    """*count*: all that passed; *total*: those that are kept."""

    title: str
    items: list[MessageView]
    count: int
    total: int
    problem: str | None
    first: int
    earlier: int | None
    later: int | None


async def messages_view(
    reader: MessageReader,
    helpers: Helpers,
    detail: LogDetail,
    query: Mapping[str, str],
) -> MessagesView | None:
    """None where the exchange has none to show."""
    count = detail.message_count
    title = "Events" if count is None else "Messages"
    count = detail.event_count if count is None else count
    if count is None:
        return None
    offset = _offset(query.get("messages", ""))
    found = await reader.page(detail.item.id, limit=PAGE_SIZE, offset=offset)
    messages, total = found or ([], 0)
    return MessagesView(
        title=title,
        items=await laid_out_messages(
            helpers, detail.item.service_id, messages, detail.item.timestamp
        ),
        count=count,
        total=total,
        problem=detail.messages_problem,
        first=offset,
        earlier=max(offset - PAGE_SIZE, 0) if offset else None,
        later=offset + PAGE_SIZE if offset + PAGE_SIZE < total else None,
    )


async def laid_out_messages(
    helpers: Helpers, service_id: UUID, messages: Sequence[Message], began: datetime
) -> list[MessageView]:
    """Where they cannot be laid out, their beginnings as they are."""
    try:
        made = await helpers.do(
            OutcomeKind.PAGE,
            service_id,
            message_views,
            messages,
            began,
            is_little=sum(len(one.kept) for one in messages) <= LITTLE_KEPT,
        )
    except Unworked:
        made = raw_message_views(messages, began)
    return made.views


def _offset(text: str) -> int:
    """Where the page begins; an address that is none is the first page's."""
    return min(int(text), MAX_OFFSET) if text.isdecimal() and text.isascii() else 0
