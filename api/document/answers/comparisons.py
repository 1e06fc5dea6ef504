"""Answers about logs that are compared."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from api.document.answers.logs import LogItem
from api.document.answers.replays import Comparison, Difference, OrderDifference
from api.document.answers.shown import Count, Shown
from monitor.compare.rules import ComparedPart


class TextComparison(Shown):
    left: str
    right: str
    equal: bool


class SizeComparison(Shown):
    left: Count | None
    right: Count | None
    difference: int | None


class RequestComparison(Shown):
    method: TextComparison
    url: TextComparison
    complete: bool
    notes: list[str]
    order: list[OrderDifference]
    headers: list[Difference]
    body_kind: Literal["json", "text", "binary", "empty", "unavailable"]
    body: list[Difference]


class ComparedLogs(Shown):
    """`comparison`: of the answers; `endpoint`: that of `b`, whose rules hold."""

    a: LogItem
    b: LogItem
    endpoint: str | None
    comparison: Comparison
    request: RequestComparison
    request_size: SizeComparison
    response_size: SizeComparison


class ComparisonRule(Shown):
    id: UUID
    service_id: UUID
    endpoint: str | None
    part: ComparedPart
    path: str
    ignore: bool
    created_at: AwareDatetime
