"""Where a head ends in bytes that come in pieces."""

END = b"\r\n\r\n"


class HeadEnd:
    """Remembers the last bytes seen, because the end itself may come in two pieces."""

    __slots__ = ("_seam",)

    def __init__(self) -> None:
        self._seam = b""

    def within(self, data: bytes) -> int:
        """How much of *data* there is up to the end of a head; all, if it has none."""
        seam = self._seam
        if seam:
            found = (seam + data[:3]).find(END)
            if found >= 0:
                return found + len(END) - len(seam)
        found = data.find(END)
        return len(data) if found < 0 else found + len(END)

    def passed(self, data: bytes) -> None:
        """*data* was no whole head."""
        self._seam = data[-3:] if len(data) >= 3 else (self._seam + data)[-3:]

    def begin(self) -> None:
        """A head is over; another one begins."""
        self._seam = b""
