"""Trouble that comes again and again, said once: when it begins and when it is over."""

import logging
from time import monotonic
from typing import Any, Final

# Reasons that are told apart within one trouble; texts of errors may have numbers.
MAX_REASONS: Final = 8


class Trouble:
    """One line as something begins to fail, one once it works and has not failed since.

    Another reason is another line. What works and fails by turns is one trouble, until
    it has worked for *settled_s*.
    """

    def __init__(
        self,
        begins: str,
        over: str,
        *,
        logger: logging.Logger,
        settled_s: float = 2.0,
        level: int = logging.ERROR,
        **extra: Any,
    ) -> None:
        self._logger = logger
        self._begins = begins
        self._over = over
        self._settled_s = settled_s
        self._level = level
        self._extra = extra
        self._reasons: set[str] = set()
        self._last = 0.0

    @property
    def is_there(self) -> bool:
        return bool(self._reasons)

    def met(self, reason: str, **options: Any) -> None:
        """It failed; *options* are those of a log call."""
        self._last = monotonic()
        if reason in self._reasons or len(self._reasons) >= MAX_REASONS:
            return
        self._reasons.add(reason)
        extra = {**self._extra, "reason": reason}
        self._logger.log(self._level, self._begins, extra=extra, **options)

    def passed(self) -> None:
        """It worked."""
        if self._reasons and monotonic() - self._last >= self._settled_s:
            self._reasons.clear()
            self._logger.info(self._over, extra=self._extra or None)
