"""Answers of replays as they are shown: work that a helper process can do."""

from typing import Any, NamedTuple

from api.output.log import body_fields
from monitor.compare.answers import RecordedAnswer
from monitor.json.output import json_bytes
from monitor.logs.display import ShownBody, raw_body, shown_body


class AnswerBody(NamedTuple):
    """*fields* are those of the answer's body; its *text* is written as JSON."""

    fields: dict[str, Any]
    text: bytes
    is_limited: bool = False


def answer_body(answer: RecordedAnswer) -> AnswerBody:
    return _written(shown_body(answer.body, answer.headers))


def raw_answer_body(answer: RecordedAnswer, problem: str) -> AnswerBody:
    """The same without work over the body, for *problem*."""
    said = f"not decoded: {problem}"
    return _written(raw_body(answer.body, answer.headers, said))


def _written(shown: ShownBody) -> AnswerBody:
    fields = body_fields("response", shown)
    text = json_bytes(fields.pop("response_body"))
    return AnswerBody(fields, text, shown.is_begun)
