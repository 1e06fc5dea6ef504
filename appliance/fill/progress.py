"""Progress, as a bar on a terminal, and as lines now and then elsewhere."""

import time
from typing import Final, TextIO

WIDTH: Final = 30
# Between lines where there is no terminal.
LINES_S: Final = 10.0


class Progress:
    """*told* how many of *all* are done."""

    def __init__(self, all: int, to: TextIO) -> None:
        self._all = all
        self._to = to
        self._is_terminal = to.isatty()
        self._began = self._shown = time.monotonic()
        self._done = 0

    def told(self, done: int) -> None:
        now = time.monotonic()
        self._done = done
        if self._is_terminal:
            self._write(f"\r{self._line(now)}")
        elif now - self._shown >= LINES_S:
            self._shown = now
            self._write(f"{self._line(now)}\n")

    def over(self) -> None:
        """The last line."""
        start = "\r" if self._is_terminal else ""
        self._write(f"{start}{self._line(time.monotonic())}\n")

    def _line(self, now: float) -> str:
        full = WIDTH * self._done // self._all
        bar = "#" * full + "." * (WIDTH - full)
        rate = self._done / max(now - self._began, 0.001)
        return f"[{bar}] {self._done:,} of {self._all:,} logs, {rate:,.0f} a second"

    def _write(self, text: str) -> None:
        self._to.write(text)
        self._to.flush()
