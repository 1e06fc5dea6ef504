"""Outcomes of a piece of work."""

from enum import StrEnum


class WorkOutcome(StrEnum):
    DONE = "done"
    LIMIT = "limit"
    FAILED = "failed"
    MEMORY = "memory"
    DIED = "died"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


# Why work was not done, to follow a colon in a sentence.
REASONS = {
    WorkOutcome.FAILED: "the helper process cannot read it",
    WorkOutcome.MEMORY: "it needs more than HELPER_MEMORY_BYTES",
    WorkOutcome.DIED: "the helper process died over it",
    WorkOutcome.TIMED_OUT: "it takes longer than HELPER_TIMEOUT_S",
    WorkOutcome.REFUSED: "HELPER_WAITING pieces of work of this service wait already",
}


class Unworked(Exception):
    """A piece of work was not done; the text says why, for a reader's eyes."""

    def __init__(self, outcome: WorkOutcome) -> None:
        super().__init__(REASONS[outcome])
        self.outcome = outcome


class OutcomeKind(StrEnum):
    """What is worked on, as /metrics tells it apart."""

    DETAIL = "detail"
    PAGE = "page"
    MESSAGES = "messages"
    COMPARISON = "comparison"
    RESULT = "result"
    EXPORT = "export"
    CURL = "curl"
    BATCH = "batch"
