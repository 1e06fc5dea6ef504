"""The machine of a service's rules: all values they name, found in one pass."""

from typing import Final

from monitor.json.path import Path
from monitor.redaction.work import MaskingWork

# How far rules have come: the rule, and its steps that are done.
Positions = frozenset[tuple[int, int]]
# States are made as documents need them, and forgotten when there are so many.
MAX_STATES: Final = 1_000


class PathState:
    """What the rules say of the values within a value that they have come to.

    *names* and *items* hold those that a rule mentions; of all others *other_name* and
    *other_item* are true. PENDING where nobody has been there; None where no rule can
    name anything.
    """

    __slots__ = ("items", "names", "other_item", "other_name", "positions")

    def __init__(self, positions: Positions) -> None:
        self.positions = positions
        self.names: dict[str, PathState | None] = {}
        self.items: dict[int, PathState | None] = {}
        self.other_name: PathState | None = None
        self.other_item: PathState | None = None


PENDING: Final = PathState(frozenset())
# A rule names the value itself.
END: Final = PathState(frozenset())


class Machine:
    """The rules of a service as one automaton, whose states are made when needed.

    A document's value is looked at once, however many rules there are; making a state
    is work as well, as much as there are rules under way.
    """

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self._paths = paths
        self._states: dict[Positions, PathState] = {}
        # A set knows its hash once it was asked for it.
        self._first: Positions = frozenset([(rule, 0) for rule in range(len(paths))])

    def start(self, work: MaskingWork) -> "PathState | None":
        """The state of a whole document."""
        if len(self._states) > MAX_STATES:
            self._states = {}
        return self._state(self._first, work)

    def named(
        self, state: PathState, name: str, work: MaskingWork
    ) -> "PathState | None":
        """Of the member *name*, which is mentioned and pending."""
        found = state.names[name] = self._after(state, name, -1, work)
        return found

    def item(
        self, state: PathState, index: int, work: MaskingWork
    ) -> "PathState | None":
        found = state.items[index] = self._after(state, "", index, work)
        return found

    def others(self, state: PathState, work: MaskingWork) -> None:
        """Find what is true of all that is not mentioned."""
        name, item = set[tuple[int, int]](), set[tuple[int, int]]()
        for rule, done in state.positions:
            kind = self._paths[rule][done][0]
            if kind == "any":
                name.add((rule, done + 1))
                item.add((rule, done + 1))
            elif kind == "deep":
                name.add((rule, done))
                item.add((rule, done))
        of_name = self._state(frozenset(name), work)
        state.other_item = self._state(frozenset(item), work)
        state.other_name = of_name

    def _after(
        self, state: PathState, name: str, index: int, work: MaskingWork
    ) -> "PathState | None":
        """*index*: of a list's item; -1 where it is a member called *name*."""
        work.spend(2 * len(state.positions))
        reached = set[tuple[int, int]]()
        for rule, done in state.positions:
            kind, wanted = self._paths[rule][done]
            if kind == "deep":
                reached.add((rule, done))
            if kind == "any" or wanted == (index if kind == "index" else name):
                reached.add((rule, done + 1))
        return self._state(frozenset(reached), work)

    def _state(self, positions: Positions, work: MaskingWork) -> "PathState | None":
        """Work is asked for first: a state is whole, or not there."""
        if not positions:
            return None
        if any([done == len(self._paths[rule]) for rule, done in positions]):
            return END
        known = self._states.get(positions)
        if known is None:
            work.spend(2 * len(positions))
            known = self._states[positions] = self._made(positions)
        return known

    def _made(self, positions: Positions) -> PathState:
        state = PathState(positions)
        for rule, done in positions:
            kind, wanted = self._paths[rule][done]
            if kind == "index":
                state.items[int(wanted)] = PENDING
            elif kind != "any":
                state.names[str(wanted)] = PENDING
        state.other_name = state.other_item = PENDING
        return state
