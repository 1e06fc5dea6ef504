"""Segments that hold what cannot be read: kept beside, under a second name."""

import logging
import os
from contextlib import suppress

from monitor.spool.segments import DAMAGED, Damage, Segment

logger = logging.getLogger(__name__)


def keep_damaged(segment: Segment, damage: Damage | None) -> None:
    if damage is None:
        return
    aside = segment.path.with_name(f"{segment.name}{DAMAGED}")
    # It may be kept from an attempt before.
    with suppress(FileExistsError):
        os.link(segment.path, aside)
        logger.error(
            "a segment is damaged and is kept",
            extra={"segment": aside.name, "bytes": damage.size},
        )
