"""The doing of the event loop, told by what has no frame to be seen: compiled code."""


class Doing:
    """*now* is a word of a closed set, or empty."""

    def __init__(self) -> None:
        self.now = ""


DOING = Doing()
