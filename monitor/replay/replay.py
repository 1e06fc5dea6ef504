"""Replays as they are stored, answered and shown: one document for all three."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson

from monitor import times
from monitor.json.output import json_bytes
from monitor.traffic.ids import LogIds

REPLAY_IDS: Final = LogIds()
# What a list says of a comparison.
VERDICT: Final = ("equal", "equal_but_for_volatile", "complete")


class ReplayStatus(StrEnum):
    SUCCESS = "success"
    FAILED = "failed"

    @classmethod
    def of(cls, status_code: int | None) -> "ReplayStatus":
        """A target that did not answer is no error of ours."""
        return cls.FAILED if status_code is None else cls.SUCCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One replay of a log; its fields are those of the document, in their order.

    *response_body* is JSON already: a text, or null. What has a default is not in the
    documents of all versions.
    """

    id: UUID
    log_id: UUID
    service_id: UUID
    replay_log_id: UUID | None = None
    status: ReplayStatus
    status_code: int | None
    response_headers: dict[str, Any]
    response_body: bytes = b"null"
    response_body_encoding: str = "utf-8"
    response_body_truncated: bool = False
    response_body_withheld: bool = False
    response_body_withheld_for: str | None = None
    response_body_shed: bool = False
    response_body_problem: str | None = None
    latency_ms: float | None = None
    error: str | None = None
    omitted_headers: tuple[str, ...] = ()
    overridden: dict[str, Any] | None = None
    comparison: dict[str, Any] | None = None
    comparison_problem: str | None = None
    created_at: datetime

    def to_json(self) -> bytes:
        fields = {name: getattr(self, name) for name in NAMES}
        fields["response_body"] = orjson.Fragment(self.response_body)
        fields["created_at"] = times.format(self.created_at)
        return json_bytes(fields)

    @classmethod
    def from_json(cls, document: bytes) -> "Replay":
        """What *to_json* wrote, in this version or a former one."""
        replay, body = cls.and_body(document)
        return dataclasses.replace(replay, response_body=json_bytes(body))

    @classmethod
    def and_body(cls, document: bytes) -> "tuple[Replay, str | None]":
        """The same without its body, which is beside it: it may be large."""
        content = orjson.loads(document)
        body: str | None = content.pop("response_body", None)
        given = {name: content[name] for name in NAMES if name in content}
        if given.get("comparison") is not None:
            given["comparison"] = {"notes": [], **given["comparison"]}
        replay_log_id = given.get("replay_log_id")
        made = cls(
            **{
                **given,
                "id": UUID(given["id"]),
                "log_id": UUID(given["log_id"]),
                "service_id": UUID(given["service_id"]),
                "replay_log_id": replay_log_id and UUID(replay_log_id),
                "status": ReplayStatus(given["status"]),
                "omitted_headers": tuple(given.get("omitted_headers") or ()),
                "created_at": times.parse(given["created_at"]),
            }
        )
        return made, body

    def summary(self) -> dict[str, Any]:
        """What a list says of it, to be kept beside it."""
        verdict = self.comparison and {name: self.comparison[name] for name in VERDICT}
        return {
            "status": self.status,
            "status_code": self.status_code,
            "latency_ms": self.latency_ms,
            "error": self.error,
            "comparison_problem": self.comparison_problem,
            "comparison": verdict,
        }


NAMES: Final = tuple(field.name for field in dataclasses.fields(Replay))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySummary:
    """A replay in a list, without bodies and differences.

    Of an old and long one, only that there was one is known.
    """

    id: UUID
    replay_log_id: UUID | None
    created_at: datetime
    status: str | None = None
    status_code: int | None = None
    latency_ms: float | None = None
    error: str | None = None
    comparison_problem: str | None = None
    comparison: Mapping[str, Any] | None = None
