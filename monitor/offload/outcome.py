"""What can become of a piece of work."""

from enum import StrEnum


class Outcome(StrEnum):
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
    Outcome.FAILED: "the helper process cannot read it",
    Outcome.MEMORY: "it needs more than HELPER_MEMORY_BYTES",
    Outcome.DIED: "the helper process died over it",
    Outcome.TIMED_OUT: "it takes longer than HELPER_TIMEOUT_S",
    Outcome.REFUSED: "HELPER_WAITING pieces of work of this service wait already",
}


class Unworked(Exception):
    """A piece of work was not done; the text says why, for a reader's eyes."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(REASONS[outcome])
        self.outcome = outcome


class Kind(StrEnum):
    """What is worked on, as /metrics tells it apart."""

    DETAIL = "detail"
    PAGE = "page"
    MESSAGES = "messages"
    COMPARISON = "comparison"
    RESULT = "result"
    EXPORT = "export"
    CURL = "curl"
