"""References: where a path that an answer names lies for the client."""

from dataclasses import dataclass
from typing import Final

DOTS: Final = (".", "..")


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where the client came in: `http`, `localhost:8080`, `/payments-api`.

    *told*: what X-Forwarded-Prefix said to the upstream; None: *prefix*. *target*: what
    was asked of the upstream.
    """

    proto: str
    host: str
    prefix: str
    told: str | None = None
    target: str = ""


def at_client(reference: str, base_path: str, entrance: Entrance) -> str | None:
    """Where the client finds an absolute path of the upstream; None outside.

    What lies in the base path does, and so does what lies in the prefix that the
    upstream was told: it has mapped that itself. Of the two, the longer decides.
    """
    path, tail = _split(reference)
    plain = without_dots(path)
    base = without_dots(base_path)
    told = _believed(base_path, entrance)
    if told and len(told) >= len(base) and lies_in(plain, told):
        return reference
    if not lies_in(plain, base):
        return None
    return f"{entrance.prefix}{plain[len(base) :] or '/'}{tail}"


def climbed(reference: str, base_path: str, entrance: Entrance) -> str | None:
    """The absolute path, at the upstream, of a relative one that leaves the service.

    None where it does not: to the client it says the same as to the upstream.
    """
    path, tail = _split(reference)
    if ".." not in path.lower().replace("%2e", ".") or ":" in path.partition("/")[0]:
        return None
    asked = _split(entrance.target)[0]
    if not asked.startswith(f"{base_path}/"):
        return None
    folder = asked[: asked.rindex("/") + 1]
    depth = folder[len(base_path) :].count("/") - 1
    for segment in path.split("/"):
        match _dots(segment):
            case "..":
                depth -= 1
            case ".":
                pass
            case _:
                depth += 1
        if depth < 0:
            return without_dots(folder + path) + tail
    return None


def lies_in(path: str, folder: str) -> bool:
    """By whole segments: `/pays` does not lie in `/pay`."""
    return path.startswith(folder) and (
        len(path) == len(folder) or path[len(folder)] == "/"
    )


def without_dots(path: str) -> str:
    """RFC 3986 5.2.4; *path* itself where it holds no dot segments."""
    if not any(_dots(segment) in DOTS for segment in path.split("/")):
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        match _dots(segment):
            case "..":
                del kept[-1:]
            case ".":
                pass
            case _:
                kept.append(segment)
    if _dots(segments[-1]) in DOTS:
        kept.append("")
    return f"/{'/'.join(kept)}"


def _dots(segment: str) -> str:
    """An encoded dot is a dot (RFC 3986 6.2.2.2)."""
    return segment.lower().replace("%2e", ".") if len(segment) <= 6 else ""


def _split(reference: str) -> tuple[str, str]:
    """The path, and the query and fragment."""
    end = min((i for i, c in enumerate(reference) if c in "?#"), default=len(reference))
    return reference[:end], reference[end:]


def _believed(base_path: str, entrance: Entrance) -> str:
    """The prefix that an upstream may have put before its paths; empty if none.

    One that was asked for such a path has it by nature, as of `/api/api/users`.
    """
    told = entrance.prefix if entrance.told is None else entrance.told
    inside = _split(entrance.target)[0][len(base_path) :]
    return "" if lies_in(inside, told) else told
