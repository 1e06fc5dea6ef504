"""Answers of replays, shown and compared: work that a helper process can do."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from api.output.log import body_fields
from monitor.compare.answers import REPLAYED, RecordedAnswer, bodies_of, noise_of, told
from monitor.json.output import json_bytes
from monitor.logs.display import ShownBody, raw_body, shown_body


class AnswerBody(NamedTuple):
    """*fields* are those of the answer's body; its *text* is written as JSON."""

    fields: dict[str, Any]
    text: bytes
    is_limited: bool = False


class Compared(NamedTuple):
    shown: dict[str, Any]
    is_limited: bool = False


class Evidence(NamedTuple):
    """Answers that show what differs anyway: of the endpoint, and to replays."""

    earlier: Sequence[RecordedAnswer] = ()
    replays: Sequence[RecordedAnswer] = ()


def answer_body(answer: RecordedAnswer) -> AnswerBody:
    return _written(shown_body(answer.body, answer.headers))


def raw_answer_body(answer: RecordedAnswer, problem: str) -> AnswerBody:
    """The same without work over the body, for *problem*."""
    said = f"not decoded: {problem}"
    return _written(raw_body(answer.body, answer.headers, said))


def compared_answers(
    original: RecordedAnswer, answer: RecordedAnswer, evidence: Evidence, limit: int
) -> Compared:
    noises = [
        noise_of([original, *evidence.earlier], limit=limit),
        noise_of([answer, *evidence.replays], REPLAYED, limit=limit),
    ]
    bodies = bodies_of(original, answer, limit=limit)
    return Compared(told(original, answer, bodies, noises), bodies.found.is_limited)


def _written(shown: ShownBody) -> AnswerBody:
    fields = body_fields("response", shown)
    text = json_bytes(fields.pop("response_body"))
    return AnswerBody(fields, text, shown.is_begun)
