"""Templates that were set by hand: which paths each of them is the endpoint of."""

from collections.abc import Iterable
from typing import Final

from monitor.endpoints.tree import OTHER
from monitor.traffic.endpoint import MAX_SEGMENTS

MAX_TEMPLATE_LENGTH: Final = 512
# The last segment of a template, for all that may follow.
REST: Final = "*"


class HandNode:
    __slots__ = ("any", "children", "name", "rest")

    def __init__(self) -> None:
        self.children: dict[str, HandNode] = {}
        self.any: HandNode | None = None
        self.rest = ""
        self.name = ""


class HandTemplates:
    """Words come before parameters, segment by segment, and both before a rest."""

    def __init__(self, templates: Iterable[str]) -> None:
        self._root = HandNode()
        for template in templates:
            self._add(template)

    def endpoint_of(self, path: str) -> str | None:
        """The template that *path* is of, the query left out."""
        segments = path.partition("?")[0].split("/", MAX_SEGMENTS)
        return _found(self._root, segments, 0)

    def _add(self, template: str) -> None:
        node = self._root
        for segment in template.split("/"):
            if segment == REST:
                # The earliest of two that differ in names only.
                node.rest = node.rest or template
                return
            if is_parameter(segment):
                if node.any is None:
                    node.any = HandNode()
                node = node.any
                continue
            child = node.children.get(segment)
            if child is None:
                child = node.children[segment] = HandNode()
            node = child
        node.name = node.name or template


def _found(node: HandNode, segments: list[str], at: int) -> str | None:
    if at == len(segments):
        return node.name or None
    segment = segments[at]
    child = node.children.get(segment)
    if child is not None:
        found = _found(child, segments, at + 1)
        if found is not None:
            return found
    if node.any is not None and segment:
        found = _found(node.any, segments, at + 1)
        if found is not None:
            return found
    return node.rest or None


def is_parameter(segment: str) -> bool:
    return len(segment) > 2 and segment[0] == "{" and segment[-1] == "}"


def shape_of(template: str) -> str:
    """The same of all templates that the same paths are of."""
    return "/".join(
        "{}" if is_parameter(segment) else segment for segment in template.split("/")
    )


def may_share(template: str, endpoint: str) -> bool:
    """Whether a path may be of *template* that is stored under *endpoint*."""
    if endpoint == OTHER or endpoint.endswith("…"):
        return True
    ours, theirs = template.split("/"), endpoint.split("/")
    for at, segment in enumerate(ours):
        if segment == REST:
            return len(theirs) > at
        if at >= len(theirs):
            return False
        other = theirs[at]
        if other == REST:
            return True
        if not (is_parameter(segment) or is_parameter(other) or segment == other):
            return False
    return len(ours) == len(theirs)


def problem_of(template: str) -> str | None:
    """What is wrong with *template*, if anything is."""
    if not template.startswith("/"):
        return "must begin with /"
    if "?" in template or "#" in template:
        return "must be of a path, without a query"
    if "\0" in template or any(0xD800 <= ord(c) <= 0xDFFF for c in template):
        return "must not hold NUL or lone surrogates"
    segments = template.split("/")
    if len(segments) > MAX_SEGMENTS:
        return f"must have at most {MAX_SEGMENTS - 1} segments"
    if REST in segments[:-1]:
        return f"must have {REST} as its last segment only"
    for segment in segments:
        if ("{" in segment or "}" in segment) and not _is_well_named(segment):
            return "must have each parameter as a whole segment, such as {name}"
    return None


def _is_well_named(segment: str) -> bool:
    inner = segment[1:-1]
    return is_parameter(segment) and "{" not in inner and "}" not in inner
