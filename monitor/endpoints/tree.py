"""The tree of a service's endpoints: which of them a path is, what a new one becomes.

Paths come with what is known by its look named already (monitor.traffic.endpoint). What
is left is words, of a list of routes or of values: where many words have the same place
and hardly come again, they are values, and their place is a parameter from then on.
So it is in Drain's tree for lines of logs (He, Zhu, Zheng, Lyu: "Drain: An Online Log
Parsing Approach with Fixed Depth Tree", ICWS 2017), by how many children a node has.
"""

from dataclasses import dataclass
from typing import Final

from monitor.traffic.endpoint import KIND_NAMES

SLUG: Final = "{slug}"
# The name of all that finds no room.
OTHER: Final = "(other)"
# Words that came more rarely hardly come again; those that came so often are routes.
RARE, OFTEN = 3, 20
PARAMETERS: Final = frozenset({SLUG, *KIND_NAMES})
# What is not there is named too, but takes no more than a part of the room.
UNANSWERED_SHARE: Final = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """The most endpoints of a service; words of one place before they are values."""

    endpoints: int = 500
    words: int = 50


class Node:
    """A segment; *name* is the whole of the endpoint that ends here, where one does.

    *is_answered*: someone was there, and not told that it is not there. *saved*: of
    *hits*, how many others know of.
    """

    __slots__ = ("children", "ends", "hits", "is_answered", "name", "saved")

    def __init__(self) -> None:
        self.children: dict[str, Node] = {}
        self.ends = False
        self.is_answered = False
        self.hits = 0
        self.saved = 0
        self.name = ""


class EndpointTree:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._root = Node()
        self._answered = 0
        self._unanswered = 0
        self.other = Node()
        self.other.name = OTHER

    def put(self, template: str, hits: int, is_answered: bool) -> None:
        """One that is known already, whatever the limits are."""
        node = self._root
        for segment in template.split("/"):
            child = node.children.get(segment)
            if child is None:
                child = node.children[segment] = Node()
            node = child
        self._end(node, template, is_answered)
        node.hits = node.saved = hits

    def known(self, path: str, is_answered: bool) -> Node | None:
        """The endpoint of *path*; None where it is to be learned first."""
        node = self._find(path)
        if node is not None and node.ends:
            if node.is_answered or not is_answered or self._is_full(True):
                return node
            return None
        return self.other if self._is_full(is_answered) else None

    def learn(self, path: str, hits: int, is_answered: bool) -> None:
        """Have an endpoint of *path*, where there is room for one."""
        found = self.known(path, is_answered)
        if found is not None:
            found.hits += hits
            return
        node = self._root
        way = [node]
        for segment in path.split("/"):
            child = _next(node, segment)
            if child is None:
                child = node.children[segment] = Node()
            node = child
            way.append(node)
        self._end(node, "", is_answered)
        node.hits += hits
        is_changed = False
        for each in way:
            if self._settle(each):
                is_changed = True
                break
        if is_changed or not node.name:
            self._name(self._root, [])

    def endpoints(self) -> dict[str, Node]:
        """All, by their names."""
        found: dict[str, Node] = {}
        waiting = [self._root]
        while waiting:
            node = waiting.pop()
            if node.ends:
                found[node.name] = node
            waiting.extend(node.children.values())
        return found

    def _find(self, path: str) -> Node | None:
        node = self._root
        for segment in path.split("/"):
            child = _next(node, segment)
            if child is None:
                return None
            node = child
        return node

    def _is_full(self, is_answered: bool) -> bool:
        most = self._limits.endpoints
        if is_answered:
            return self._answered >= most
        return self._unanswered >= max(most // UNANSWERED_SHARE, 1)

    def _end(self, node: Node, name: str, is_answered: bool) -> None:
        if node.ends and node.is_answered:
            return
        if node.ends and is_answered:
            self._unanswered -= 1
        if is_answered:
            self._answered += 1
        elif not node.ends:
            self._unanswered += 1
        node.ends = True
        node.is_answered = is_answered
        node.name = name or node.name

    def _settle(self, node: Node) -> bool:
        """Have the words of *node* be values where they are, and so on below."""
        if not self._is_crowded(node):
            return False
        words = [
            word
            for word, child in node.children.items()
            if word not in PARAMETERS and _weight(child)[0] < OFTEN
        ]
        slug = node.children.get(SLUG)
        if slug is None:
            slug = Node()
        for word in words:
            self._merge(slug, node.children.pop(word))
        node.children[SLUG] = slug
        self._settle_below(slug)
        return True

    def _settle_below(self, node: Node) -> None:
        self._settle(node)
        for child in list(node.children.values()):
            self._settle_below(child)

    def _is_crowded(self, node: Node) -> bool:
        most = self._limits.words
        if len(node.children) <= most:
            return False
        rare, few = 0, 0
        for word, child in node.children.items():
            if word in PARAMETERS:
                continue
            hits, is_answered = _weight(child)
            if not is_answered or hits >= OFTEN:
                continue
            few += 1
            if hits < RARE:
                rare += 1
        return rare > most or few > 2 * most

    def _merge(self, into: Node, node: Node) -> None:
        if node.ends:
            self._leave(node)
            self._end(into, "", node.is_answered)
        into.hits += node.hits
        has_slug = SLUG in into.children
        if SLUG in node.children:
            self._take_words(into, node)
        for word, child in node.children.items():
            known = into.children.get(word)
            if known is None and has_slug and word not in PARAMETERS:
                known = into.children[SLUG]
            if known is None:
                known = into.children[word] = Node()
            self._merge(known, child)

    def _take_words(self, into: Node, node: Node) -> None:
        """What is a value of *node*, and so was given a parameter, gets no word."""
        slug = into.children.get(SLUG)
        if slug is None:
            slug = into.children[SLUG] = Node()
        for word in list(into.children):
            if word not in PARAMETERS and word not in node.children:
                self._merge(slug, into.children.pop(word))

    def _leave(self, node: Node) -> None:
        if node.is_answered:
            self._answered -= 1
        else:
            self._unanswered -= 1

    def _name(self, node: Node, words: list[str]) -> None:
        if node.ends:
            node.name = "/".join(words)
        for word, child in node.children.items():
            words.append(word)
            self._name(child, words)
            words.pop()


def _next(node: Node, segment: str) -> Node | None:
    child = node.children.get(segment)
    if child is None and segment not in PARAMETERS:
        return node.children.get(SLUG)
    return child


def _weight(node: Node) -> tuple[int, bool]:
    """How often it or what is below was asked for, and whether any is answered."""
    hits, is_answered = node.hits, node.is_answered
    for child in node.children.values():
        more, is_below = _weight(child)
        hits += more
        is_answered = is_answered or is_below
    return hits, is_answered
