"""The withheld: what masking does not let through, and why, as it is counted."""

from enum import StrEnum
from typing import Final

WITHHELD: Final = "withheld:"


class Withheld(StrEnum):
    """A kind and a reason. The limit is that of MASKING_NODES."""

    BODY_LIMIT = "body_work_limit"
    BODY_UNREADABLE = "body_unreadable"
    MESSAGE_LIMIT = "message_work_limit"
    MESSAGE_UNREADABLE = "message_unreadable"
    # A query, the value of a header, or an error.
    URL = "text_work_limit"
