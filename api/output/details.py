"""Logs written out whole, without holding the loop over their bodies."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from api.output.written import (
    Written,
    detail_json,
    detail_line,
    har_json,
    messages_json,
    octets,
    raw_detail_json,
)
from monitor.export import har
from monitor.json.output import json_bytes, one_line
from monitor.logs.log import LogDetail, StoredBody
from monitor.offload.helpers import Helpers
from monitor.offload.little import LITTLE_BYTES, are_little
from monitor.offload.outcome import OutcomeKind, Unworked
from monitor.traffic.ids import timestamp_of
from monitor.traffic.message import Message

BEGINNING_BYTES = 64
# To write one out takes some microseconds.
MAX_LITTLE = 200
# What stands for a body that could not be worked on.
NO_BODY = StoredBody(content=None)


class Details:
    """What is more than little is written by a helper process, in the service's turn.

    Where that fails, bodies are given raw or left out, and the answer says why.
    """

    def __init__(self, helpers: Helpers) -> None:
        self._helpers = helpers

    async def json(self, detail: LogDetail) -> bytes:
        return await self._written(OutcomeKind.DETAIL, detail_json, detail)

    async def line(self, detail: LogDetail) -> bytes:
        """The same in one line, for an export."""
        return await self._written(OutcomeKind.EXPORT, detail_line, detail)

    async def _written(
        self,
        kind: OutcomeKind,
        write: Callable[[LogDetail], Written],
        detail: LogDetail,
    ) -> bytes:
        try:
            made = await self._helpers.do(
                kind,
                detail.item.service_id,
                write,
                detail,
                is_little=are_little(_bodies(detail)),
            )
        except Unworked as error:
            return one_line(raw_detail_json(detail, f"not decoded: {error}"))
        return made.content

    async def har(self, detail: LogDetail, messages: Sequence[Message]) -> bytes:
        """An entry of an archive."""
        try:
            made = await self._helpers.do(
                OutcomeKind.EXPORT,
                detail.item.service_id,
                har_json,
                detail,
                messages,
                is_little=are_little(_bodies(detail)) and _are_short(messages),
            )
        except Unworked as error:
            entry: dict[str, Any] = har.entry_of(_without_bodies(detail))
            entry["comment"] = f"bodies and messages are left out: {error}"
            return json_bytes(entry)
        return made.content

    async def request_text(
        self, write: Callable[[LogDetail], Written], detail: LogDetail, mark: str
    ) -> str:
        """The request as *write* writes it, for a shell or a language in which what
        follows *mark* is said to the reader."""
        sent = [(detail.request_body, detail.request_headers)]
        try:
            made = await self._helpers.do(
                OutcomeKind.CURL,
                detail.item.service_id,
                write,
                detail,
                is_little=are_little(sent),
            )
        except Unworked as error:
            return (
                f"{mark} the body is left out: {error}\n"
                + write(_without_bodies(detail)).content.decode()
            )
        return made.content.decode()

    async def octets(
        self, detail: LogDetail, stored: StoredBody, headers: Any
    ) -> bytes:
        """A body decoded; as it was kept where it cannot be."""
        try:
            made = await self._helpers.do(
                OutcomeKind.DETAIL,
                detail.item.service_id,
                octets,
                stored,
                headers,
                is_little=are_little([(stored, headers)]),
            )
        except Unworked:
            return stored.content or b""
        return made.content

    async def messages(
        self, log_id: UUID, messages: Sequence[Message]
    ) -> tuple[bytes, bool]:
        """A JSON list of them; False where only their beginnings could be given."""
        began = timestamp_of(log_id)
        try:
            made = await self._helpers.do(
                OutcomeKind.MESSAGES,
                # Whose they are is not known here: all lists of them are one sender.
                OutcomeKind.MESSAGES,
                messages_json,
                messages,
                began,
                is_little=_are_short(messages),
            )
        except Unworked:
            begun = [replace(one, kept=one.kept[:BEGINNING_BYTES]) for one in messages]
            return messages_json(begun, began).content, False
        return made.content, True


def _bodies(detail: LogDetail) -> list[tuple[StoredBody, Any]]:
    return [
        (detail.request_body, detail.request_headers),
        (detail.response_body, detail.response_headers),
    ]


def _without_bodies(detail: LogDetail) -> LogDetail:
    item = replace(detail.item, request_size=None)
    return replace(detail, item=item, request_body=NO_BODY, response_body=NO_BODY)


def _are_short(messages: Sequence[Message]) -> bool:
    is_few = len(messages) <= MAX_LITTLE
    return is_few and sum(len(one.kept) for one in messages) <= LITTLE_BYTES
