"""Plans: how PostgreSQL went about each question, of its own auto_explain."""

from pathlib import Path
from typing import Final
from urllib.request import urlopen

from bench.query.filled import Filled
from bench.query.questions import Question

EXPLAINED: Final = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
}
# What each second asks, whoever waits.
LONGEST_STATEMENT: Final = 20_000


def write_plans(made: Filled, questions: list[Question], port: int, to: Path) -> None:
    """Each question is asked once more, of sessions that explain what they do."""
    log = made.folder / "postgres.log"
    with made.serving(port, **EXPLAINED) as app, to.open("w") as plans:
        for question in questions:
            begin = log.stat().st_size
            try:
                with urlopen(question.of(app), timeout=120) as answer:
                    answer.read()
            except OSError as error:
                plans.write(f"({error})\n")
            with log.open("rb") as said:
                said.seek(begin)
                text = said.read().decode(errors="replace")
            plans.write(f"\n# {question.name}: {question.target}\n\n{text}\n")
