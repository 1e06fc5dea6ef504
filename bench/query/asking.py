"""Asking: how long each question takes, and whether its answer is whole."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from urllib.error import HTTPError
from urllib.request import urlopen

from bench.query.questions import Question


@dataclass(frozen=True, slots=True)
class Answered:
    question: Question
    taken_ms: Sequence[float]
    said: str

    @property
    def median_ms(self) -> float:
        return median(self.taken_ms)

    def row(self) -> str:
        is_met = "yes" if self.median_ms <= self.question.aim_ms else "NO"
        times = (self.median_ms, max(self.taken_ms), self.question.aim_ms)
        cells = (self.question.name, *(f"{ms:,.0f}" for ms in times), is_met, self.said)
        return f"| {' | '.join(cells)} |"


def answered(app: str, questions: Sequence[Question], times: int) -> Iterator[Answered]:
    """Each *times* in a row, after once that does not count."""
    for question in questions:
        said, _ = _ask(app, question)
        taken = [_ask(app, question)[1] for _ in range(times)]
        yield Answered(question, taken, said)


def _ask(app: str, question: Question) -> tuple[str, float]:
    began = time.perf_counter()
    try:
        with urlopen(question.of(app), timeout=60) as answer:
            content = answer.read()
            is_json = answer.headers.get_content_type() == "application/json"
    except HTTPError as error:
        return f"{error.code}", (time.perf_counter() - began) * 1000
    taken_ms = (time.perf_counter() - began) * 1000
    return _said(json.loads(content)) if is_json else "", taken_ms


def _said(answer: dict[str, object]) -> str:
    """How much was found, and whether that is all."""
    if "items" in answer:
        total = answer.get("total")
        found = f"{total:,}" if isinstance(total, int) else "many"
        return found if answer.get("complete", True) else f"{found}, INCOMPLETE"
    if "exact" in answer:
        return "exact" if answer["exact"] else "sampled"
    return ""
