"""Work of masking: how much one exchange may take, and what is withheld for it."""

from enum import StrEnum
from typing import Final

# What is read is counted in nodes: a value of JSON, a parameter, a field; or as many
# bytes, reading which takes as long.
NODE_BYTES: Final = 10

WITHHELD: Final = "withheld:"


class Withheld(StrEnum):
    """What is withheld, and why, as it is counted. The limit is MASKING_NODES."""

    BODY_LIMIT = "body_work_limit"
    BODY_UNREADABLE = "body_unreadable"
    MESSAGE_LIMIT = "message_work_limit"
    MESSAGE_UNREADABLE = "message_unreadable"
    # A query, the value of a header, or an error.
    URL = "text_work_limit"


class TooMuch(Exception):
    """What is to be masked would take more work than is left."""


class MaskingWork:
    """What is left of the work for one exchange: its bodies, messages, URLs, fields.

    Asked before the work is done, so that nothing is begun that is not finished. What
    is refused takes nothing: smaller things may be masked after it.
    """

    __slots__ = ("left", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left = limit

    def spend(self, nodes: int, size: int = 0) -> None:
        """Raises TooMuch."""
        nodes += size // NODE_BYTES
        if nodes > self.left:
            raise TooMuch
        self.left -= nodes

    @property
    def left_bytes(self) -> int:
        return self.left * NODE_BYTES

    @property
    def spent(self) -> int:
        return self.limit - self.left
