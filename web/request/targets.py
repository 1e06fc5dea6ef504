"""Where a page sends its reader on to."""


def local(target: str) -> str:
    """A path of this app, whatever was asked for: no open redirect."""
    is_local = target.startswith("/") and not target.startswith(("//", "/\\"))
    is_plain = all(" " < character < "\x7f" for character in target)
    return target if is_local and is_plain and "\\" not in target else "/"
